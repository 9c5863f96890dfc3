#include "runtime/lowering/expand_functions.h"

#include <gtest/gtest.h>

#include "runtime/backend.h"
#include "support/onnx_text.h"

namespace quant::test {
namespace {

int expand(Graph& graph) { return expandFunctions(graph, kernelsOf(Backend::kReference)); }

TEST(ExpandFunctions, PutsTheBodyThatOnnxGivesInPlaceOfTheNode) {
  Graph graph = parseGraph(
      R"(g (float[1,2,3,4] q, float[1,2,3,4] k, float[1,2,3,4] v) => (float[1,2,3,4] y) { y = Attention(q, k, v) })",
      23);
  EXPECT_EQ(expand(graph), 1);
  EXPECT_GT(graph.nodeCount(), 5U);
  ASSERT_NE(graph.producer("y"), nullptr);
  EXPECT_NE(graph.producer("y")->opType(), "Attention");
  EXPECT_NO_THROW(graph.verify());
}

TEST(ExpandFunctions, TwoCallsHaveNoNameInCommon) {
  Graph graph = parseGraph(
      R"(g (float[1,2,3,4] q) => (float[1,2,3,4] z) { y = Attention(q, q, q)  z = Attention(y, y, y) })", 23);
  EXPECT_EQ(expand(graph), 2);
  EXPECT_NO_THROW(graph.verify());
}

TEST(ExpandFunctions, LeavesWhatHasAKernel) {
  Graph graph = parseGraph(R"(g (float[2] x) => (float[2] y) { y = Gelu(x) })", 20);
  EXPECT_EQ(expand(graph), 0);
  EXPECT_EQ(graph.producer("y")->opType(), "Gelu");
}

TEST(ExpandFunctions, LeavesWhatNobodyDefines) {
  Graph graph = parseGraph(R"(g (float[2] x) => (float[2] y) { y = com.microsoft.Foo(x) })", 20);
  EXPECT_EQ(expand(graph), 0);
}

TEST(ExpandFunctions, LeavesWhatWorksOnSequences) {
  Graph graph = parseGraph(R"(g (float[2] x) => (float[N] y) {
      s = SequenceConstruct(x, x)
      t = SequenceMap (s) <body = b (float[2] e) => (float[2] o) { o = Neg(e) }>
      y = ConcatFromSequence <axis = 0> (t)
    })",
                           17);
  EXPECT_EQ(expand(graph), 0);
}

TEST(ExpandFunctions, WritesOutContributedOperators) {
  Graph graph = parseGraph(R"(g (float[2,4] x, float[2,4] skip, float[4] scale) => (float[2,4] y, float[2,4] sum) {
        y, , , sum = com.microsoft.SkipLayerNormalization(x, skip, scale)
      })",
                           17);
  EXPECT_EQ(expand(graph), 1);
  EXPECT_EQ(graph.producer("sum")->opType(), "Add");
  EXPECT_EQ(graph.producer("y")->opType(), "LayerNormalization");
  EXPECT_EQ(graph.producer("y")->input(0), "sum");
}

}  // namespace
}  // namespace quant::test
