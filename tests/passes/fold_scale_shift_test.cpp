#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

constexpr const char* kConvText = "g (float[n,3,5,5] x) => (float[n,4,3,3] y) ";

int foldAndClean(Graph& graph) {
  const int folded = runChecked(graph, foldScaleShift);
  graph.removeUnused();
  return folded;
}

Graph convThen(const std::string& constant, const std::string& body) {
  return graphWith(kConvText + ("<" + constant + ">") + " {\n a = Conv(x, w, c)\n " + body + "\n}",
                   {{"w", {4, 3, 3, 3}}, {"c", {4}}});
}

TEST(FoldScaleShift, GivesTheNumbersOfItsFormula) {
  // (3 x + 5) * 2 - 4 = 6 x + 6
  Graph graph = parseGraph(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y)
      <float[1,1,1,1] w = {3}, float[1] c = {5}, float k = {2}, float[1,1,1,1] s = {4}> {
        a = Conv(x, w, c)
        b = Mul(a, k)
        y = Sub(b, s)
      })");
  EXPECT_EQ(foldAndClean(graph), 2);
  const Node& conv = *graph.producer("y");
  EXPECT_THAT(opTypes(graph), ElementsAre("Conv"));
  EXPECT_THAT(floats(graph, conv.input(1)), ElementsAre(6));
  EXPECT_THAT(floats(graph, conv.input(2)), ElementsAre(6));
}

TEST(FoldScaleShift, FoldsEveryOperationFromTheSideThatItAllows) {
  for (const char* body : {"y = Mul(a, k)", "y = Mul(k, a)", "y = Div(a, k)", "y = Add(a, k)", "y = Add(k, a)",
                           "y = Sub(a, k)", "y = Sub(k, a)"}) {
    for (const char* constant : {"float k = {2.5}", "float[1] k = {2.5}", "float[4,1,1] k = {2, -3, 0.5, 1}",
                                 "float[1,4,1,1] k = {2, -3, 0.5, 1}"}) {
      Graph graph = convThen(constant, body);
      EXPECT_EQ(foldAndClean(graph), 1) << body << constant;
      EXPECT_THAT(opTypes(graph), ElementsAre("Conv"));
    }
  }
}

TEST(FoldScaleShift, DeclinesADivisionByTheValueOrByZero) {
  Graph by_value = convThen("float k = {2}", "y = Div(k, a)");
  EXPECT_EQ(foldAndClean(by_value), 0);
  Graph by_zero = convThen("float k = {0}", "y = Div(a, k)");
  by_zero.inferShapes();
  EXPECT_EQ(foldScaleShift(by_zero), 0);
}

TEST(FoldScaleShift, DeclinesAConstantThatVariesAlongAnotherAxis) {
  for (const char* constant : {"float[3] k = {1, 2, 3}", "float[1,4,3,1] k = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}",
                               "float[2,1,1,1] k = {1, 2}"}) {
    Graph graph = convThen(constant, "y = Mul(a, k)");
    EXPECT_EQ(foldAndClean(graph), 0) << constant;
  }
}

TEST(FoldScaleShift, DeclinesAConstantThatAddsAnAxis) {
  Graph graph = graphWith(
      "g (float[n,3,5,5] x) => (float[1,n,4,3,3] y) <float[1,1,1,1,1] k = {2}> { a = Conv(x, w)\n y = Mul(a, k) }",
      {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldScaleShift, DeclinesAConstantThatMakesOneChannelMany) {
  Graph graph = graphWith(
      "g (float[n,3,5,5] x) => (float[n,2,3,3] y) <float[2,1,1] k = {2, 3}> { a = Conv(x, w)\n y = Mul(a, k) }",
      {{"w", {1, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldScaleShift, KeepsTheWeightsWhenOnlyTheBiasChanges) {
  Graph graph = convThen("float k = {2}", "y = Add(a, k)");
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_EQ(graph.producer("y")->input(1), "w");
}

TEST(FoldScaleShift, DeclinesAComputedOperand) {
  Graph graph = graphWith("g (float[n,3,5,5] x, float k) => (float[n,4,3,3] y) { a = Conv(x, w)\n y = Mul(a, k) }",
                          {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldScaleShift, DeclinesAResidualSum) {
  Graph graph =
      graphWith("g (float[n,4,5,5] x) => (float[n,4,5,5] y) { a = Conv(x, w)\n y = Add(a, x) }", {{"w", {4, 4, 1, 1}}});
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldScaleShift, DeclinesWhenOthersReadTheConv) {
  Graph read_twice = convThen("float k = {2}", "b = Mul(a, k)\n y = Add(a, b)");
  EXPECT_EQ(foldAndClean(read_twice), 0);
  Graph squared = convThen("float k = {2}", "y = Mul(a, a)");
  EXPECT_EQ(foldAndClean(squared), 0);
  Graph output = graphWith(
      "g (float[n,3,5,5] x) => (float[n,4,3,3] y, float[n,4,3,3] a) <float k = {2}> { a = Conv(x, w)\n y = Mul(a, k) }",
      {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(output), 0);
}

TEST(FoldScaleShift, DeclinesWhenASubgraphReadsTheConv) {
  Graph graph = graphWith(R"(g (bool c, float[1,3,5,5] x) => (float[1,4,3,3] y, float[1,4,3,3] z) <float k = {2}> {
      a = Conv(x, w)
      y = Mul(a, k)
      z = If (c) <then_branch = t () => (float[1,4,3,3] p) { p = Neg(a) },
                  else_branch = e () => (float[1,4,3,3] q) { q = Relu(a) }>
    })",
                          {{"w", {4, 3, 3, 3}}});
  graph.inferShapes();
  EXPECT_EQ(foldScaleShift(graph), 0);
}

TEST(FoldScaleShift, GoesIntoConvTransposeWithGroups) {
  Graph graph = graphWith(R"(g (float[n,6,5,5] x) => (float[n,4,h,w0] y) <float[4,1,1] k = {1, 2, 3, 4}> {
      a = ConvTranspose <group = 2> (x, w)
      b = Mul(a, k)
      y = Sub(b, k)
    })",
                          {{"w", {6, 2, 3, 3}}});
  EXPECT_EQ(foldAndClean(graph), 2);
  EXPECT_THAT(opTypes(graph), ElementsAre("ConvTranspose"));
}

TEST(FoldScaleShift, GoesIntoGemm) {
  Graph graph =
      graphWith(R"(g (float[n,5] x) => (float[n,4] y) <float[4] k = {1, 2, 3, 4}, float[1,4] s = {1, 2, 3, 5}> {
      a = Gemm <transB = 1, alpha = 2.0, beta = 3.0> (x, w, c)
      b = Mul(a, k)
      y = Add(b, s)
    })",
                {{"w", {4, 5}}, {"c", {4}}});
  EXPECT_EQ(foldAndClean(graph), 2);
  EXPECT_THAT(opTypes(graph), ElementsAre("Gemm"));
}

TEST(FoldScaleShift, DeclinesAGemmWhoseBiasVariesFromRowToRow) {
  Graph graph = graphWith("g (float[2,5] x) => (float[2,4] y) <float k = {2}> { a = Gemm(x, w, c)\n y = Mul(a, k) }",
                          {{"w", {5, 4}}, {"c", {2, 4}}});
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldScaleShift, LeavesMatMulAndAddAsTheyAre) {
  Graph graph = graphWith("g (float[n,7,5] x) => (float[n,7,4] y) { a = MatMul(x, w)\n y = Add(a, c) }",
                          {{"w", {5, 4}}, {"c", {4}}});
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldScaleShift, GoesIntoMatMulAndAddOfAnyRank) {
  Graph graph =
      graphWith(R"(g (float[n,7,5] x) => (float[n,7,4] y) <float[4] k = {1, 2, 3, 4}, float[1,1,4] s = {1, 2, 3, 5}> {
      a = MatMul(x, w)
      b = Mul(a, k)
      d = Add(c, b)
      e = Div(d, k)
      y = Sub(e, s)
    })",
                {{"w", {5, 4}}, {"c", {4}}});
  EXPECT_EQ(foldAndClean(graph), 3);
  EXPECT_THAT(opTypes(graph), ElementsAre("MatMul", "Add"));
}

TEST(FoldScaleShift, WritesASubtractionAfterMatMulAsAnAdd) {
  Graph graph =
      graphWith("g (float[n,5] x) => (float[n,4] y) { a = MatMul(x, w)\n y = Sub(a, c) }", {{"w", {5, 4}}, {"c", {4}}});
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("MatMul", "Add"));
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldScaleShift, DeclinesAMatMulOfTwoComputedValues) {
  Graph graph = parseGraph(
      "g (float[2,5] x, float[5,4] w) => (float[2,4] y) <float k = {2}> { a = MatMul(x, w)\n y = Div(a, k) }");
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldScaleShift, DeclinesAMatMulWithTheWeightsOnTheLeft) {
  Graph graph = graphWith("g (float[5,4] x) => (float[3,4] y) <float k = {2}> { a = MatMul(w, x)\n y = Div(a, k) }",
                          {{"w", {3, 5}}});
  EXPECT_EQ(foldAndClean(graph), 0);
}

}  // namespace
}  // namespace quant::test
