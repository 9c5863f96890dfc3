#include "graph/body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/subgraphs.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::parseGraph;
using test::parseInferred;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr const char* kIf = R"(g (bool c, float[2] x) => (float[2] y) <float[2] w = {3, 4}> {
    u = Relu(x)
    [choice] y = If (c) <
      then_branch = t () => (float[2] a) <float[2] own = {5, 6}> { m = Mul(u, w)  a = Add(m, own) },
      else_branch = e () => (float[2] b) { b = Neg(x) }>
  })";

Body thenBranch(const Graph& graph) {
  const Node* node = graph.producer("y");
  return {graph, *node, node->findAttr("then_branch")->g()};
}

TEST(Body, HoldsCapturedConstantsAndItsOwn) {
  const Graph graph = parseGraph(kIf);
  const Body body = thenBranch(graph);
  EXPECT_THAT(body.graph().constants(), UnorderedElementsAre("own", "w"));
  EXPECT_THAT(body.graph().constant("w")->data<float>(), ElementsAre(3, 4));
}

TEST(Body, OtherCapturedValuesAreInputsWithTheirTypes) {
  Graph graph = parseInferred(kIf);
  const Body body = thenBranch(graph);
  EXPECT_EQ(body.inputCount(), 0U);
  EXPECT_THAT(body.graph().inputs(), ElementsAre("u"));
  EXPECT_EQ(body.graph().valueType("u"), (ValueType{DataType::kFloat32, Shape{2}}));
}

TEST(Body, IsClosedWithoutWhatItCaptures) {
  const Graph graph = parseGraph(kIf);
  const onnx::GraphProto& before = graph.producer("y")->findAttr("then_branch")->g();
  const onnx::GraphProto after = thenBranch(graph).close();
  EXPECT_EQ(after.input_size(), 0);
  ASSERT_EQ(after.initializer_size(), 1);
  EXPECT_EQ(after.initializer(0).name(), "own");
  EXPECT_EQ(after.node_size(), before.node_size());
}

TEST(Body, NewNamesDifferFromThoseAroundIt) {
  const Graph graph = parseGraph(kIf);
  EXPECT_EQ(thenBranch(graph).graph().uniqueName("x"), "x_1");  // an input that this branch does not read
  EXPECT_EQ(thenBranch(graph).graph().uniqueName("b"), "b_1");  // made in the other branch
}

TEST(Body, ForgetsSizesThatALoopMayChange) {
  const Graph graph = parseGraph(R"(g (int64 n, bool c, float[2] x) => (float[N] y) {
      y = Loop (n, c, x) <body = l (int64 i, bool go, float[2] s) => (bool go_on, float[N] t) {
        go_on = Identity(go)
        t = Concat <axis = 0> (s, s)
      }>
    })");
  const Node* node = graph.producer("y");
  const Body body(graph, *node, node->findAttr("body")->g());
  EXPECT_EQ(body.graph().valueType("s"), (ValueType{DataType::kFloat32, std::nullopt}));
}

TEST(Body, IsClosedWithTheSizesThatItDeclares) {
  const Graph graph = parseGraph(R"(g (int64 n, bool c, float[2] x) => (float[2] y) {
      y = Loop (n, c, x) <body = l (int64 i, bool go, float[2] s) => (bool go_on, float[2] t) {
        go_on = Identity(go)
        t = Neg(s)
      }>
    })");
  const Node* node = graph.producer("y");
  const onnx::GraphProto& before = node->findAttr("body")->g();
  const onnx::GraphProto after = Body(graph, *node, before).close();
  ASSERT_EQ(after.input_size(), 3);
  for (int i = 0; i < 3; ++i) {  // onnxruntime wants the counter's rank
    EXPECT_EQ(after.input(i).SerializeAsString(), before.input(i).SerializeAsString());
  }
}

constexpr const char* kNested = R"(g (bool c, float[2] x) => (float[2] y) {
    y = If (c) <
      then_branch = t () => (float[2] a) {
        a = If (c) <then_branch = tt () => (float[2] p) { p = Neg(x) }, else_branch = te () => (float[2] q) { q = Abs(x) }>
      },
      else_branch = e () => (float[2] b) { b = Neg(x) }>
  })";

TEST(RewriteBodies, ReachesNestedOnesAndPutsThemBack) {
  Graph graph = parseGraph(kNested);
  const int changes = rewriteBodies(graph, [](Graph& body) {
    int negations = 0;
    for (Node* node : body.nodes()) {
      if (!node->is("Neg")) continue;
      body.replaceNode(*node, {makeNode("Relu", {node->input(0)}, {node->output()})});
      ++negations;
    }
    return negations;
  });
  EXPECT_EQ(changes, 2);
  const onnx::GraphProto& outer = graph.producer("y")->findAttr("then_branch")->g();
  std::vector<std::string> types;
  forEachSubgraph(outer.node(0), [&](const onnx::GraphProto& inner) { types.push_back(inner.node(0).op_type()); });
  EXPECT_THAT(types, ElementsAre("Relu", "Abs"));
}

TEST(RewriteBodies, LeavesTheNodeAloneWhenNothingChanges) {
  Graph graph = parseGraph(kNested);
  const Node* before = graph.producer("y");
  EXPECT_EQ(rewriteBodies(graph, [](Graph&) { return 0; }), 0);
  EXPECT_EQ(graph.producer("y"), before);
}

}  // namespace
}  // namespace quant
