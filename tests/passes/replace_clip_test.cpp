#include "graph/clamp.h"
#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

TEST(ReplaceClip, MakesOneClipOfMaxAndMin) {
  Graph graph = parseGraph(R"(g (float[2,2] x) => (float[2,2] y) <float low = {-0.5}, float[1] high = {0.25}> {
      a = Max(x, low)
      y = Min(high, a)
    })");
  EXPECT_EQ(runChecked(graph, replaceClip), 1);
  graph.removeUnused();
  EXPECT_THAT(opTypes(graph), ElementsAre("Clip"));
  EXPECT_EQ(clampOf(graph, *graph.producer("y")), (Range{-0.5, 0.25}));
}

TEST(ReplaceClip, MakesOneClipOfReluAndMin) {
  Graph graph = parseGraph(R"(g (float[4] x) => (float[4] y) <float six = {0.5}> {
      a = Relu(x)
      y = Min(a, six)
    })");
  EXPECT_EQ(runChecked(graph, replaceClip), 1);
  EXPECT_EQ(clampOf(graph, *graph.producer("y")), (Range{0, 0.5}));
}

TEST(ReplaceClip, TakesEitherOrder) {
  Graph graph = parseGraph(R"(g (float[4] x) => (float[4] y) <float low = {0}, float high = {0.5}> {
      a = Min(x, high)
      y = Max(a, low)
    })");
  EXPECT_EQ(runChecked(graph, replaceClip), 1);
  EXPECT_EQ(clampOf(graph, *graph.producer("y")), (Range{0, 0.5}));
}

TEST(ReplaceClip, WritesAttributesBeforeOpset11) {
  Graph graph = parseGraph(R"(g (float[4] x) => (float[4] y) <float low = {0}, float high = {0.5}> {
      a = Min(x, high)
      y = Max(a, low)
    })",
                           9);
  EXPECT_EQ(runChecked(graph, replaceClip), 1);
  EXPECT_EQ(graph.producer("y")->attr("max", 0.0F), 0.5F);
  EXPECT_EQ(graph.producer("y")->inputCount(), 1);
}

TEST(ReplaceClip, DeclinesCrossedBoundsWhoseOrderMatters) {
  Graph graph = parseGraph(R"(g (float[4] x) => (float[4] y) <float low = {2}, float high = {1}> {
      a = Max(x, low)
      y = Min(a, high)
    })");
  EXPECT_EQ(runChecked(graph, replaceClip), 0);
}

TEST(ReplaceClip, DeclinesWhenOthersReadTheMiddle) {
  Graph graph = parseGraph(R"(g (float[4] x) => (float[4] y, float[4] a) <float low = {0}, float high = {1}> {
      a = Max(x, low)
      y = Min(a, high)
    })");
  EXPECT_EQ(runChecked(graph, replaceClip), 0);
}

TEST(ReplaceClip, DeclinesBoundsThatAreNotOneNumber) {
  Graph graph = parseGraph(R"(g (float[2] x, float[1] low) => (float[2] y, float[2] z)
      <float[2] high = {0.5, 0.25}, float one = {1}> {
      a = Relu(x)
      y = Min(a, high)
      b = Max(x, low)
      z = Min(b, one)
    })");
  EXPECT_EQ(runChecked(graph, replaceClip), 0);
}

}  // namespace
}  // namespace quant::test
