#include "graph/constant_numbers.h"

#include <gmock/gmock.h>

#include "support/onnx_text.h"

namespace quant::test {
namespace {

using testing::ElementsAre;
using testing::Optional;

Graph emptyGraph() { return parseGraph("g (float[2,4,5] x) => (float[2,4,5] y) { y = Relu(x) }"); }

TEST(RealConstant, ReadsEveryWidth) {
  Graph graph = emptyGraph();
  graph.defineConstant("half", Tensor::of<Float16>({1}, {Float16(0.5F)}));
  graph.defineConstant("brain", Tensor::of<BFloat16>({1}, {BFloat16(0.5F)}));
  graph.defineConstant("single", Tensor::of<float>({1}, {0.5F}));
  graph.defineConstant("twice", Tensor::of<double>({1}, {0.5}));
  for (const char* name : {"half", "brain", "single", "twice"}) {
    EXPECT_THAT(realConstant(graph, name), Optional(ElementsAre(0.5))) << name;
  }
}

TEST(RealConstant, IsNothingForIntegersAndComputedValues) {
  Graph graph = emptyGraph();
  graph.defineConstant("int", Tensor::of<int64_t>({1}, {1}));
  EXPECT_EQ(realConstant(graph, "int"), std::nullopt);
  EXPECT_EQ(realConstant(graph, "x"), std::nullopt);
  EXPECT_EQ(realConstant(graph, ""), std::nullopt);
}

TEST(RealScalar, WantsExactlyOneElement) {
  Graph graph = emptyGraph();
  graph.defineConstant("one", Tensor::of<float>({1, 1}, {2}));
  graph.defineConstant("two", Tensor::of<float>({2}, {2, 2}));
  graph.defineConstant("none", Tensor::of<float>({0}, {}));
  EXPECT_EQ(realScalar(graph, "one"), 2);
  EXPECT_EQ(realScalar(graph, "two"), std::nullopt);
  EXPECT_EQ(realScalar(graph, "none"), std::nullopt);
}

TEST(IntParameter, IsAnAttributeOrAConstantInput) {
  Graph graph = parseGraph(R"(g (float[2,1] x, int64[1] open) => (float[2] y) <int64[1] axes = {1}> {
      a = Squeeze(x, axes)
      b = Squeeze(x, open)
      y = Relu(a)
    })");
  Node& constant = *graph.producer("a");
  EXPECT_THAT(intParameter(graph, constant, "axes", 1), Optional(ElementsAre(1)));
  constant.setAttr("axes", std::vector<int64_t>{7});
  EXPECT_THAT(intParameter(graph, constant, "axes", 1), Optional(ElementsAre(7)));
  EXPECT_EQ(intParameter(graph, *graph.producer("b"), "axes", 1), std::nullopt);
}

TEST(RealTensor, IsNothingWhereAValueDoesNotFitTheType) {
  const std::vector<double> values = {70000};
  EXPECT_EQ(realTensor(DataType::kFloat32, {1}, values)->data<float>()[0], 70000);
  EXPECT_EQ(realTensor(DataType::kFloat16, {1}, values), std::nullopt);
  EXPECT_EQ(realTensor(DataType::kInt32, {1}, values), std::nullopt);
}

TEST(PerChannelConstant, RepeatsOneNumberAndTakesOneForEachChannel) {
  Graph graph = emptyGraph();
  graph.defineConstant("scalar", Tensor::scalar(2.0F));
  graph.defineConstant("column", Tensor::of<float>({4, 1}, {1, 2, 3, 4}));
  const ChannelAxis middle{3, 1, 4};
  EXPECT_THAT(perChannelConstant(graph, "scalar", middle), Optional(ElementsAre(2, 2, 2, 2)));
  EXPECT_THAT(perChannelConstant(graph, "column", middle), Optional(ElementsAre(1, 2, 3, 4)));
}

TEST(PerChannelConstant, IsNothingWhereTheConstantVariesElsewhereOrAddsAnAxis) {
  Graph graph = emptyGraph();
  graph.defineConstant("row", Tensor::of<float>({4}, {1, 2, 3, 4}));
  graph.defineConstant("deep", Tensor::of<float>({1, 1, 4, 1}, {1, 2, 3, 4}));
  EXPECT_EQ(perChannelConstant(graph, "row", {3, 1, 4}), std::nullopt);
  EXPECT_EQ(perChannelConstant(graph, "deep", {3, 1, 4}), std::nullopt);
}

TEST(PerChannelConstant, TrustsOnlyTheChannelAxisOfAnUnknownRank) {
  Graph graph = emptyGraph();
  graph.defineConstant("row", Tensor::of<float>({4}, {1, 2, 3, 4}));
  graph.defineConstant("matrix", Tensor::of<float>({1, 4}, {1, 2, 3, 4}));
  EXPECT_THAT(perChannelConstant(graph, "row", {-1, 0, 4}), Optional(ElementsAre(1, 2, 3, 4)));
  EXPECT_EQ(perChannelConstant(graph, "matrix", {-1, 0, 4}), std::nullopt);
}

TEST(KeepsShape, IsFalseForAConstantThatWouldBroadcastTheValue) {
  Graph graph = emptyGraph();
  graph.defineConstant("scalar", Tensor::scalar(2.0F));
  graph.defineConstant("row", Tensor::of<float>({5}, {1, 1, 1, 1, 1}));
  graph.defineConstant("deep", Tensor::of<float>({1, 1, 1, 1}, {1}));
  EXPECT_TRUE(keepsShape(graph, "x", "scalar"));
  EXPECT_TRUE(keepsShape(graph, "x", "row"));
  EXPECT_FALSE(keepsShape(graph, "x", "deep"));
  EXPECT_TRUE(keepsShape(graph, "unknown", "scalar"));
  EXPECT_FALSE(keepsShape(graph, "unknown", "row"));
}

}  // namespace
}  // namespace quant::test
