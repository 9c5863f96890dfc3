#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

/// Parameters of four channels, all different.
constexpr const char* kFour =
    "<float[4] s = {1, 2, -0.5, 0.25}, float[4] b = {0.5, -1, 0, 2}, float[4] m = {0.1, 0.2, -0.3, 0},"
    " float[4] v = {1, 0.5, 2, 0.1}>";

Graph graphOf(const std::string& inputs, const std::string& outputs, const std::string& body,
              const std::vector<std::pair<std::string, Shape>>& constants, int opset = 15) {
  return graphWith("g (" + inputs + ") => (" + outputs + ") " + kFour + " {\n" + body + "\n}", constants, opset);
}

int foldAndClean(Graph& graph) {
  const int folded = runChecked(graph, foldBatchNorm);
  graph.removeUnused();
  return folded;
}

TEST(FoldBatchNorm, GivesTheNumbersOfItsFormula) {
  // k = 4 / sqrt(3 + 1) = 2, then W' = 3 * 2 = 6 and b' = (5 - 1) * 2 + 7 = 15.
  Graph graph = parseGraph(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y)
      <float[1,1,1,1] w = {3}, float[1] c = {5}, float[1] s = {4}, float[1] b = {7}, float[1] m = {1}, float[1] v = {3}> {
        a = Conv(x, w, c)
        y = BatchNormalization <epsilon = 1.0> (a, s, b, m, v)
      })");
  EXPECT_EQ(foldAndClean(graph), 1);
  const Node& conv = *graph.producer("y");
  EXPECT_THAT(opTypes(graph), ElementsAre("Conv"));
  EXPECT_THAT(floats(graph, conv.input(1)), ElementsAre(6));
  EXPECT_THAT(floats(graph, conv.input(2)), ElementsAre(15));
  EXPECT_EQ(conv.input(1), "w_folded");
}

TEST(FoldBatchNorm, GoesIntoAConvWithoutBias) {
  Graph graph =
      graphOf("float[n,3,5,5] x", "float[n,4,5,5] y",
              "a = Conv <pads = [1, 1, 1, 1]> (x, w)\n y = BatchNormalization(a, s, b, m, v)", {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("Conv"));
}

TEST(FoldBatchNorm, GoesIntoADepthwiseConv) {
  Graph graph = graphOf("float[n,4,5,5] x", "float[n,4,3,3] y",
                        "a = Conv <group = 4> (x, w, c)\n y = BatchNormalization(a, s, b, m, v)",
                        {{"w", {4, 1, 3, 3}}, {"c", {4}}});
  EXPECT_EQ(foldAndClean(graph), 1);
}

TEST(FoldBatchNorm, GoesIntoAConvOfOneAndOfThreeSpatialAxes) {
  Graph one = graphOf("float[n,3,5] x", "float[n,4,3] y", "a = Conv(x, w)\n y = BatchNormalization(a, s, b, m, v)",
                      {{"w", {4, 3, 3}}});
  EXPECT_EQ(foldAndClean(one), 1);
  Graph three = graphOf("float[n,3,4,4,4] x", "float[n,4,3,3,3] y",
                        "a = Conv(x, w)\n y = BatchNormalization(a, s, b, m, v)", {{"w", {4, 3, 2, 2, 2}}});
  EXPECT_EQ(foldAndClean(three), 1);
}

TEST(FoldBatchNorm, GoesIntoAConvTranspose) {
  Graph graph = graphOf("float[n,3,5,5] x", "float[n,4,h,w0] y",
                        "a = ConvTranspose <strides = [2, 2]> (x, w, c)\n y = BatchNormalization(a, s, b, m, v)",
                        {{"w", {3, 4, 3, 3}}, {"c", {4}}});
  EXPECT_EQ(foldAndClean(graph), 1);
}

TEST(FoldBatchNorm, GoesIntoAConvTransposeWithGroups) {
  Graph graph =
      graphOf("float[n,6,5,5] x", "float[n,4,h,w0] y",
              "a = ConvTranspose <group = 2> (x, w)\n y = BatchNormalization(a, s, b, m, v)", {{"w", {6, 2, 3, 2}}});
  EXPECT_EQ(foldAndClean(graph), 1);
}

TEST(FoldBatchNorm, GoesIntoEitherFormOfGemm) {
  Graph plain = graphOf("float[n,5] x", "float[n,4] y",
                        "a = Gemm <alpha = 0.5> (x, w)\n y = BatchNormalization(a, s, b, m, v)", {{"w", {5, 4}}});
  EXPECT_EQ(foldAndClean(plain), 1);
  Graph turned = graphOf("float[n,5] x", "float[n,4] y",
                         "a = Gemm <transB = 1, beta = 0.5> (x, w, c)\n y = BatchNormalization(a, s, b, m, v)",
                         {{"w", {4, 5}}, {"c", {1, 4}}});
  EXPECT_EQ(foldAndClean(turned), 1);
  EXPECT_THAT(opTypes(turned), ElementsAre("Gemm"));
}

TEST(FoldBatchNorm, GivesAMatMulAnAddForTheBias) {
  Graph graph = graphOf("float[n,5] x", "float[n,4] y", "a = MatMul(x, w)\n y = BatchNormalization(a, s, b, m, v)",
                        {{"w", {5, 4}}});
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("MatMul", "Add"));
}

TEST(FoldBatchNorm, GoesIntoMatMulAndAdd) {
  Graph graph =
      graphOf("float[n,5] x", "float[n,4] y",
              "p = MatMul(x, w)\n a = Add(c, p)\n y = BatchNormalization(a, s, b, m, v)", {{"w", {5, 4}}, {"c", {4}}});
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("MatMul", "Add"));
}

TEST(FoldBatchNorm, DeclinesAMatMulWhoseLastAxisIsNotTheChannels) {
  Graph graph = graphOf("float[n,4,5] x", "float[n,4,4] y", "a = MatMul(x, w)\n y = BatchNormalization(a, s, b, m, v)",
                        {{"w", {5, 4}}});
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldBatchNorm, TakesTheFormsOfOpset9) {
  Graph graph = graphOf("float[n,3,5,5] x", "float[n,4,3,3] y",
                        "a = Conv(x, w)\n y = BatchNormalization(a, s, b, m, v)", {{"w", {4, 3, 3, 3}}}, 9);
  EXPECT_EQ(foldAndClean(graph), 1);
}

TEST(FoldBatchNorm, DoesNotChangeWeightsSharedWithAnotherConv) {
  Graph graph = parseGraph(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y, float[1,1,2,2] z)
      <float[1,1,1,1] w = {1}, float[1] s = {2}, float[1] b = {5}, float[1] m = {1}, float[1] v = {4}> {
        c = Conv(x, w)
        y = BatchNormalization(c, s, b, m, v)
        z = Conv(x, w)
      })");
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_EQ(graph.producer("z")->input(1), "w");
  EXPECT_THAT(floats(graph, "w"), ElementsAre(1));
}

TEST(FoldBatchNorm, DeclinesWhenOthersReadTheConv) {
  Graph graph = graphOf("float[n,3,5,5] x", "float[n,4,3,3] y, float[n,4,3,3] z",
                        "a = Conv(x, w)\n y = BatchNormalization(a, s, b, m, v)\n z = Relu(a)", {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldBatchNorm, DeclinesWhenTheConvIsAGraphOutput) {
  Graph graph = graphOf("float[n,3,5,5] x", "float[n,4,3,3] y, float[n,4,3,3] a",
                        "a = Conv(x, w)\n y = BatchNormalization(a, s, b, m, v)", {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldBatchNorm, DeclinesWhenASubgraphReadsTheConv) {
  Graph graph = graphOf("bool c, float[1,3,5,5] x", "float[1,4,3,3] y, float[1,4,3,3] z", R"(
      a = Conv(x, w)
      y = BatchNormalization(a, s, b, m, v)
      z = If (c) <then_branch = t () => (float[1,4,3,3] p) { p = Neg(a) },
                  else_branch = e () => (float[1,4,3,3] q) { q = Relu(a) }>)",
                        {{"w", {4, 3, 3, 3}}});
  graph.inferShapes();
  EXPECT_EQ(foldBatchNorm(graph), 0);
}

TEST(FoldBatchNorm, DeclinesComputedWeightsAndParameters) {
  Graph weights = graphOf("float[n,3,5,5] x, float[4,3,3,3] w", "float[n,4,3,3] y",
                          "a = Conv(x, w)\n y = BatchNormalization(a, s, b, m, v)", {});
  EXPECT_EQ(foldAndClean(weights), 0);
  Graph parameters = graphOf("float[n,3,5,5] x, float[4] mean", "float[n,4,3,3] y",
                             "a = Conv(x, w)\n y = BatchNormalization(a, s, b, mean, v)", {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(parameters), 0);
  Graph bias = graphOf("float[n,3,5,5] x, float[4] c", "float[n,4,3,3] y",
                       "a = Conv(x, w, c)\n y = BatchNormalization(a, s, b, m, v)", {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(bias), 0);
}

TEST(FoldBatchNorm, DeclinesWeightsStoredAsIntegers) {
  Graph graph = graphOf("float[n,1,5,5] x", "float[n,4,5,5] y", R"(
      w = DequantizeLinear(q, scale)
      a = Conv(x, w)
      y = BatchNormalization(a, s, b, m, v))",
                        {});
  graph.defineConstant("q", Tensor::of<int8_t>({4, 1, 1, 1}, {1, 2, 3, 4}));
  graph.defineConstant("scale", Tensor::scalar(0.5F));
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldBatchNorm, DeclinesInTrainingMode) {
  Graph graph = graphOf("float[n,3,5,5] x", "float[n,4,3,3] y, float[4] rm, float[4] rv",
                        "a = Conv(x, w)\n y, rm, rv = BatchNormalization <training_mode = 1> (a, s, b, m, v)",
                        {{"w", {4, 3, 3, 3}}});
  graph.inferShapes();
  EXPECT_EQ(foldBatchNorm(graph), 0);
}

TEST(FoldBatchNorm, DeclinesTheFiveOutputsOfTrainingInOldOpsets) {
  Graph graph =
      graphOf("float[n,3,5,5] x", "float[n,4,3,3] y",
              "a = Conv(x, w)\n y, rm, rv, sm, sv = BatchNormalization(a, s, b, m, v)", {{"w", {4, 3, 3, 3}}}, 9);
  graph.inferShapes();
  EXPECT_EQ(foldBatchNorm(graph), 0);
}

TEST(FoldBatchNorm, DeclinesAVarianceWithoutARoot) {
  Graph graph = parseInferred(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y)
      <float[1,1,1,1] w = {1}, float[1] s = {2}, float[1] b = {5}, float[1] m = {1}, float[1] v = {-4}> {
        c = Conv(x, w)
        y = BatchNormalization(c, s, b, m, v)
      })");
  EXPECT_EQ(foldBatchNorm(graph), 0);
}

TEST(FoldBatchNorm, KeepsWeightsOfHalfPrecisionInHalfPrecision) {
  Graph graph = parseGraph(R"(g (float16[1,1,2,2] x) => (float16[1,1,2,2] y) {
        a = Conv(x, w)
        y = BatchNormalization <epsilon = 0.0> (a, s, b, m, v)
      })",
                           15);
  const auto half = [](float value) { return Float16(value); };
  graph.defineConstant("w", Tensor::of<Float16>({1, 1, 1, 1}, {half(3)}));
  graph.defineConstant("s", Tensor::of<Float16>({1}, {half(2)}));
  graph.defineConstant("b", Tensor::of<Float16>({1}, {half(7)}));
  graph.defineConstant("m", Tensor::of<Float16>({1}, {half(1)}));
  graph.defineConstant("v", Tensor::of<Float16>({1}, {half(4)}));
  graph.inferShapes();
  ASSERT_EQ(foldBatchNorm(graph), 1);
  const Node& conv = *graph.producer("y");
  EXPECT_EQ(graph.constant(conv.input(1))->data<Float16>()[0], half(3));
  EXPECT_EQ(graph.constant(conv.input(2))->data<Float16>()[0], half(6));
}

TEST(FoldBatchNorm, DeclinesWhatWouldOverflowHalfPrecision) {
  Graph graph = parseGraph(R"(g (float16[1,1,2,2] x) => (float16[1,1,2,2] y) {
        a = Conv(x, w)
        y = BatchNormalization <epsilon = 0.0> (a, s, b, m, v)
      })",
                           15);
  graph.defineConstant("w", Tensor::of<Float16>({1, 1, 1, 1}, {Float16(1000)}));
  graph.defineConstant("s", Tensor::of<Float16>({1}, {Float16(1000)}));
  for (const char* name : {"b", "m", "v"}) graph.defineConstant(name, Tensor::of<Float16>({1}, {Float16(1)}));
  graph.inferShapes();
  EXPECT_EQ(foldBatchNorm(graph), 0);
  EXPECT_THAT(opTypes(graph), ElementsAre("Conv", "BatchNormalization"));
}

}  // namespace
}  // namespace quant::test
