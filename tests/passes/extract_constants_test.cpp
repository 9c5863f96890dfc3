#include "graph/tensor_proto.h"
#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

TEST(ExtractConstants, TurnsEveryKindOfConstantIntoAnInitializerOfTheSameName) {
  Graph graph = parseGraph(R"(g (float[2] x) => (float[2] y) {
      a = Constant <value = float[2] {3, 4}> ()
      b = Constant <value_float = 5.0> ()
      c = Constant <value_floats = [6.0, 7.0]> ()
      ab = Add(a, b)
      abc = Add(ab, c)
      y = Add(x, abc)
    })");
  EXPECT_EQ(runChecked(graph, extractConstants), 3);
  EXPECT_THAT(opTypes(graph), ElementsAre("Add", "Add", "Add"));
  EXPECT_THAT(floats(graph, "a"), ElementsAre(3, 4));
  EXPECT_THAT(floats(graph, "b"), ElementsAre(5));
  EXPECT_THAT(floats(graph, "c"), ElementsAre(6, 7));
  EXPECT_THAT(graph.valueType("b")->shape, testing::Optional(IsEmpty()));
}

TEST(ExtractConstants, TakesIntegers) {
  Graph graph = parseGraph(R"(g (int64[2] x) => (int64[2] y, int64[2] z) {
      a = Constant <value_int = 5> ()
      b = Constant <value_ints = [6, 7]> ()
      y = Add(x, a)
      z = Add(x, b)
    })");
  EXPECT_EQ(extractConstants(graph), 2);
  EXPECT_THAT(ints(graph, "a"), ElementsAre(5));
  EXPECT_THAT(ints(graph, "b"), ElementsAre(6, 7));
}

TEST(ExtractConstants, LeavesAGraphOutputComputed) {
  Graph graph = parseGraph("g () => (float[1] y) { y = Constant <value = float[1] {3}> () }");
  EXPECT_EQ(extractConstants(graph), 0);
}

TEST(ExtractConstants, LeavesStrings) {
  Graph graph = parseGraph("g () => (bool y) { s = Constant <value_string = \"a\"> ()\n y = Equal(s, s) }");
  EXPECT_EQ(extractConstants(graph), 0);
}

TEST(ExtractConstants, KeepsTheNameThatASubgraphCaptures) {
  Graph graph = parseGraph(R"(g (bool c, float[1] x) => (float[1] y) {
      k = Constant <value = float[1] {3}> ()
      y = If (c) <then_branch = t () => (float[1] a) { a = Add(x, k) },
                  else_branch = e () => (float[1] b) { b = Identity(x) }>
    })");
  EXPECT_EQ(extractConstants(graph), 1);
  EXPECT_THAT(floats(graph, "k"), ElementsAre(3));
  graph.verify();
}

}  // namespace
}  // namespace quant::test
