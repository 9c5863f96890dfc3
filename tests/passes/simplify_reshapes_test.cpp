#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

TEST(SimplifyReshapes, CopiesTheBatchInsteadOfComputingIt) {
  Graph graph = parseGraph(R"(g (float[batch,3,4,4] x) => (float[batch,3] y)
      <int64 zero = {0}, int64[1] first = {0}, int64[1] rest = {-1}> {
      pooled = GlobalAveragePool(x)
      shape = Shape(x)
      batch = Gather(shape, zero)
      vector = Unsqueeze(batch, first)
      target = Concat <axis = 0> (vector, rest)
      y = Reshape(pooled, target)
    })");
  EXPECT_EQ(runChecked(graph, simplifyReshapes), 1);
  graph.removeUnused();
  EXPECT_THAT(opTypes(graph), ElementsAre("GlobalAveragePool", "Reshape"));
  EXPECT_THAT(ints(graph, graph.producer("y")->input(1)), ElementsAre(0, -1));
}

TEST(SimplifyReshapes, LeavesOneSizeOpenThatOnlyARunKnows) {
  Graph graph = parseInferred(R"(g (float[batch,6] x, float[n] other) => (float[a,b] y)
      <int64[1] three = {3}> {
      count = Shape(other)
      target = Concat <axis = 0> (three, count)
      y = Reshape(x, target)
    })");
  EXPECT_EQ(simplifyReshapes(graph), 1);
  EXPECT_THAT(ints(graph, graph.producer("y")->input(1)), ElementsAre(3, -1));
}

TEST(SimplifyReshapes, DeclinesWhenTwoSizesStayOpen) {
  Graph graph = parseInferred(R"(g (float[batch,6] x, float[n] other) => (float[a,b] y) <int64[1] rest = {-1}> {
      count = Shape(other)
      target = Concat <axis = 0> (count, rest)
      y = Reshape(x, target)
    })");
  EXPECT_EQ(simplifyReshapes(graph), 0);
}

TEST(SimplifyReshapes, DoesNotCopyTheSizeOfAnotherAxis) {
  Graph graph = parseInferred(R"(g (float[n,m] x) => (float[a,b] y) {
      turned = Transpose(x)
      target = Shape(x)
      y = Reshape(turned, target)
    })");
  EXPECT_EQ(simplifyReshapes(graph), 0);
}

TEST(SimplifyReshapes, DeclinesWhereZeroMeansZero) {
  Graph graph = parseGraph(R"(g (float[n,2,3] x) => (float[n,6] y) <int64[1] six = {6}, int64[1] zero = {0}> {
      shape = Shape(x)
      batch = Gather(shape, zero)
      target = Concat <axis = 0> (batch, six)
      y = Reshape <allowzero = 1> (x, target)
    })",
                           14);
  EXPECT_EQ(runChecked(graph, simplifyReshapes), 0);
}

}  // namespace
}  // namespace quant::test
