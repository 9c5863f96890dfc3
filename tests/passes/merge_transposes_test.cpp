#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

TEST(MergeTransposes, ComposesTwoPermutations) {
  Graph graph = parseGraph(R"(g (float[2,3,4] x) => (float[3,4,2] y) {
      a = Transpose <perm = [2, 0, 1]> (x)
      y = Transpose <perm = [2, 0, 1]> (a)
    })");
  EXPECT_EQ(runChecked(graph, mergeTransposes), 1);
  EXPECT_EQ(graph.producer("y")->input(0), "x");
  EXPECT_THAT(graph.producer("y")->attr("perm", std::vector<int64_t>()), ElementsAre(1, 2, 0));
}

TEST(MergeTransposes, MakesAnIdentityOfAPermutationAndItsInverse) {
  Graph graph = parseGraph(R"(g (float[2,3,4,5] x) => (float[2,3,4,5] y) {
      a = Transpose <perm = [0, 2, 3, 1]> (x)
      b = Transpose <perm = [0, 3, 1, 2]> (a)
      y = Relu(b)
    })");
  EXPECT_EQ(runChecked(graph, mergeTransposes), 1);
  EXPECT_EQ(runChecked(graph, removeIdentity), 1);
  graph.removeUnused();
  EXPECT_THAT(opTypes(graph), ElementsAre("Relu"));
}

TEST(MergeTransposes, KnowsThatALeftOutPermutationReverses) {
  Graph graph = parseGraph(R"(g (float[2,3,4] x) => (float[2,3,4] y) {
      a = Transpose(x)
      y = Transpose(a)
    })");
  EXPECT_EQ(runChecked(graph, mergeTransposes), 1);
  EXPECT_THAT(graph.producer("y")->attr("perm", std::vector<int64_t>()), ElementsAre(0, 1, 2));
}

TEST(MergeTransposes, LeavesTheFirstForOthers) {
  Graph graph = parseGraph(R"(g (float[2,3] x) => (float[2,3] y, float[3,2] z) {
      z = Transpose(x)
      y = Transpose(z)
    })");
  EXPECT_EQ(runChecked(graph, mergeTransposes), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("Transpose", "Transpose"));
}

TEST(MergeTransposes, DeclinesWithSomethingBetween) {
  Graph graph = parseGraph(R"(g (float[2,3] x) => (float[2,3] y) {
      a = Transpose(x)
      b = Relu(a)
      y = Transpose(b)
    })");
  EXPECT_EQ(runChecked(graph, mergeTransposes), 0);
}

}  // namespace
}  // namespace quant::test
