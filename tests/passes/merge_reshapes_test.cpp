#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

TEST(MergeReshapes, ReadsThroughTheFirstOfTwo) {
  Graph graph = parseGraph(R"(g (float[2,6] x) => (float[3,4] y) <int64[1] a = {12}, int64[2] b = {3, -1}> {
      flat = Reshape(x, a)
      y = Reshape(flat, b)
    })");
  EXPECT_EQ(runChecked(graph, mergeReshapes), 1);
  EXPECT_EQ(graph.producer("y")->input(0), "x");
}

TEST(MergeReshapes, ReadsThroughFlattenAndUnsqueeze) {
  Graph graph = parseGraph(R"(g (float[batch,2,3] x) => (float[n,3] y) <int64[1] one = {1}, int64[2] b = {-1, 3}> {
      flat = Flatten(x)
      wide = Unsqueeze(flat, one)
      y = Reshape(wide, b)
    })");
  EXPECT_EQ(runChecked(graph, mergeReshapes), 1);
  EXPECT_EQ(runChecked(graph, mergeReshapes), 1);
  EXPECT_EQ(graph.producer("y")->input(0), "x");
}

TEST(MergeReshapes, KeepsACopiedSizeThatIsTheSameBefore) {
  Graph graph = parseGraph(R"(g (float[batch,2,3] x) => (float[batch,3,2] y) <int64[3] b = {0, 3, 2}> {
      flat = Flatten(x)
      y = Reshape(flat, b)
    })");
  EXPECT_EQ(runChecked(graph, mergeReshapes), 1);
}

TEST(MergeReshapes, DeclinesWhenACopiedSizeIsAnotherBefore) {
  Graph graph = parseGraph(R"(g (float[2,6] x) => (float[3,4] y) <int64[2] a = {3, 4}, int64[2] b = {0, 4}> {
      middle = Reshape(x, a)
      y = Reshape(middle, b)
    })");
  EXPECT_EQ(runChecked(graph, mergeReshapes), 0);
}

TEST(MergeReshapes, DeclinesWhenTheTargetIsComputed) {
  Graph graph = parseInferred(R"(g (float[2,6] x, int64[2] b) => (float[p,q] y) <int64[2] a = {3, 4}> {
      middle = Reshape(x, a)
      y = Reshape(middle, b)
    })");
  EXPECT_EQ(mergeReshapes(graph), 0);
}

TEST(MergeReshapes, LeavesTheFirstForOthers) {
  Graph graph =
      parseGraph(R"(g (float[2,6] x) => (float[3,4] y, float[12] flat) <int64[1] a = {12}, int64[2] b = {3, 4}> {
      flat = Reshape(x, a)
      y = Reshape(flat, b)
    })");
  EXPECT_EQ(runChecked(graph, mergeReshapes), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("Reshape", "Reshape"));
}

}  // namespace
}  // namespace quant::test
