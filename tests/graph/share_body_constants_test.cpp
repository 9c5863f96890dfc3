#include "graph/share_body_constants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/subgraphs.h"
#include "graph/tensor_proto.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

Tensor filled(float value, int64_t count = 256) {
  Tensor tensor(DataType::kFloat32, {count});
  std::ranges::fill(tensor.data<float>(), value);
  return tensor;
}

/// If with a constant `k` in each branch.
Graph branches(const Tensor& in_then, const Tensor& in_else) {
  onnx::ModelProto model = test::parseModel(R"(g (bool c, float[N] x) => (float[N] y) {
      y = If (c) <then_branch = t () => (float[N] a) { a = Add(x, k) },
                  else_branch = e () => (float[N] b) { b = Sub(x, k) }>
    })");
  auto& node = *model.mutable_graph()->mutable_node(0);
  for (auto& attribute : *node.mutable_attribute()) {
    const Tensor& tensor = attribute.name() == "then_branch" ? in_then : in_else;
    *attribute.mutable_g()->add_initializer() = protoFromTensor(tensor, "k");
  }
  return Graph(std::move(model));
}

std::vector<std::string> secondInputs(const Graph& graph) {
  std::vector<std::string> names;
  forEachSubgraph(graph.producer("y")->proto(),
                  [&](const onnx::GraphProto& body) { names.push_back(body.node(0).input(1)); });
  return names;
}

TEST(ShareBodyConstants, EqualOnesOfTwoBodiesMoveToTheMainGraph) {
  Graph graph = branches(filled(1), filled(1));
  EXPECT_EQ(shareBodyConstants(graph), 1);
  ASSERT_THAT(graph.constants(), testing::SizeIs(1));
  const std::string name = graph.constants()[0];
  EXPECT_THAT(secondInputs(graph), ElementsAre(name, name));
  forEachSubgraph(graph.producer("y")->proto(),
                  [](const onnx::GraphProto& body) { EXPECT_EQ(body.initializer_size(), 0); });
  EXPECT_TRUE(graph.isCaptured(name));
}

TEST(ShareBodyConstants, TheMainGraphsOwnIsRead) {
  Graph graph = branches(filled(1), filled(2));
  graph.defineConstant("w", filled(2));
  EXPECT_EQ(shareBodyConstants(graph), 1);
  EXPECT_THAT(secondInputs(graph), UnorderedElementsAre("k", "w"));
}

TEST(ShareBodyConstants, ADequantizationGoesWithItsIntegers) {
  onnx::ModelProto model = test::parseModel(R"(g (bool c, float[N] x) => (float[N] y) {
      y = If (c) <
        then_branch = t () => (float[N] a) <float s = {0.5}> { d = DequantizeLinear(q, s)  a = Add(x, d) },
        else_branch = e () => (float[N] b) <float s = {0.5}> { d = DequantizeLinear(q, s)  b = Sub(x, d) }>
    })");
  Tensor integers(DataType::kInt8, {2000});
  std::ranges::fill(integers.data<int8_t>(), int8_t{3});
  for (auto& attribute : *model.mutable_graph()->mutable_node(0)->mutable_attribute()) {
    *attribute.mutable_g()->add_initializer() = protoFromTensor(integers, "q");
  }
  Graph graph(std::move(model));
  EXPECT_EQ(shareBodyConstants(graph), 2);
  EXPECT_THAT(test::opTypes(graph), ElementsAre("DequantizeLinear", "If"));
  const std::string value = graph.nodes()[0]->output();
  forEachSubgraph(graph.producer("y")->proto(), [&](const onnx::GraphProto& body) {
    ASSERT_EQ(body.node_size(), 1);
    EXPECT_EQ(body.node(0).input(1), value);
  });
  graph.verify();
}

TEST(ShareBodyConstants, DifferentAndSmallOnesStay) {
  Graph different = branches(filled(1), filled(2));
  EXPECT_EQ(shareBodyConstants(different), 0);
  Graph small = branches(filled(1, 255), filled(1, 255));
  EXPECT_EQ(shareBodyConstants(small), 0);
  EXPECT_THAT(secondInputs(small), ElementsAre("k", "k"));
}

}  // namespace
}  // namespace quant
