// Which nodes of a float graph become one step, and that the step computes the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/executor.h"
#include "runtime/lowering/lowering.h"
#include "runtime/onednn_harness.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::opTypes;
using test::parseGraph;
using test::parseInferred;
using testing::ElementsAre;

std::vector<std::string> lowered(const Graph& graph, std::set<std::string> watched = {}) {
  return opTypes(Executor(graph, {Backend::kOneDnn, std::move(watched), true}).lowered());
}

/// The fused graph on both backends against the nodes one by one on the reference.
void expectSameResults(const Graph& graph, double tolerance = 1e-5) {
  test::Randomness random;
  NamedTensors inputs;
  for (const auto& name : graph.inputs()) {
    Shape shape = *graph.valueType(name)->shape;
    for (int64_t& size : shape) size = size < 0 ? 2 : size;
    inputs[name] = random.floats(shape, -3, 3);
  }
  const auto expected = Executor(graph, {Backend::kReference, {}, false}).run(inputs);
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    SCOPED_TRACE(toString(backend));
    const auto actual = Executor(graph, {backend, {}, true}).run(inputs);
    for (size_t i = 0; i < expected.size(); ++i) test::expectNear(actual[i], expected[i], tolerance);
  }
}

constexpr const char* kConv = R"(g (float[N,2,3,3] x, float[N,2,3,3] r, float[N,2,1,1] c) => (float[N,2,3,3] y)
  <float[2,2,1,1] w = {0.5, -1, 2, 0.25}, float[2] b = {1, -2}, float low = {0}, float high = {6},
   float half = {0.5}, float one = {1}, float three = {3}, float root = {1.4142135}, float inverse = {0.70710678},
   float k = {0.044715}, float q = {0.7978845608}, float quick = {1.702}, float[1] slope = {0.3}>)";

Graph convGraph(const std::string& body) { return parseInferred(std::string(kConv) + "{" + body + "}", 18); }

TEST(FuseFloatChains, ConvAndClipBecomeOneNode) {
  Graph graph = convGraph("t = Conv<strides = [1, 1]>(x, w)  y = Clip(t, low, high)");
  EXPECT_EQ(fuseFloatChains(graph, {}), 1);
  const Node& fused = *graph.nodes()[0];
  EXPECT_EQ(fused.opType(), "FusedConv");
  EXPECT_EQ(fused.attr("activation", ""), "Clip");
  EXPECT_EQ(fused.attr("activation_beta", 0.0F), 6);
  EXPECT_TRUE(fused.hasAttr("strides"));
}

TEST(FuseFloatChains, AResidualIsAddedBeforeTheActivation) {
  const Graph graph = convGraph("t = Conv(x, w, b)  a = Add(r, t)  y = Relu(a)");
  EXPECT_THAT(lowered(graph), ElementsAre("FusedConv"));
  expectSameResults(graph);
}

TEST(FuseFloatChains, AnActivationBeforeTheAddLeavesTheAdd) {
  const Graph graph = convGraph("t = Conv(x, w, b)  a = Relu(t)  y = Add(r, a)");
  EXPECT_THAT(lowered(graph), ElementsAre("FusedConv", "Add"));
  expectSameResults(graph);
}

TEST(FuseFloatChains, ASumOfTwoIsAResidualToo) {
  EXPECT_THAT(lowered(convGraph("t = Conv(x, w, b)  y = Sum(t, r)")), ElementsAre("FusedConv"));
}

TEST(FuseFloatChains, AnOperandThatBroadcastsIsNoResidual) {
  const Graph graph = convGraph("t = Conv(x, w, b)  y = Add(t, c)");
  EXPECT_THAT(lowered(graph), ElementsAre("Conv", "Add"));
}

TEST(FuseFloatChains, SizesThatOnlyARunTellsMustHaveOneName) {
  const Graph graph = parseInferred(R"(g (float[N,1,H,3] x, float[N,1,K,3] r) => (float[N,1,H,3] y)
      <float[1,1,1,1] w = {2}> { t = Conv(x, w)  y = Add(t, r) })");
  EXPECT_THAT(lowered(graph), ElementsAre("Conv", "Add"));
}

TEST(FuseFloatChains, TheLaterOfTwoConvolutionsTakesTheAdd) {
  const Graph graph = convGraph("[early] t = Conv(x, w, b)  [late] u = Conv(r, w)  a = Add(t, u)  y = Relu(a)");
  const Executor executor(graph);
  EXPECT_THAT(opTypes(executor.lowered()), ElementsAre("Conv", "FusedConv"));
  EXPECT_EQ(executor.lowered().nodes()[1]->name(), "late");
  EXPECT_EQ(executor.lowered().nodes()[1]->input(3), "t");
  expectSameResults(graph);
}

TEST(FuseFloatChains, AResultThatIsAnOutputOrWatchedKeepsWhatFollows) {
  const Graph graph = convGraph("t = Conv(x, w)  u = Relu(t)  y = Add(u, r)");
  EXPECT_THAT(lowered(graph, {"t"}), ElementsAre("Conv", "Relu", "Add"));
  Graph output = parseGraph(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] t, float[1,1,2,2] y)
      <float[1,1,1,1] w = {1}> { t = Conv(x, w)  y = Relu(t) })");
  EXPECT_EQ(fuseFloatChains(output, {}), 0);
}

TEST(FuseFloatChains, AResultThatASubgraphReadsKeepsWhatFollows) {
  Graph graph = parseGraph(R"(g (float[1,1,2,2] x, bool p) => (float[1,1,2,2] y, float[1,1,2,2] z)
      <float[1,1,1,1] w = {1}> {
        t = Conv(x, w)
        y = Relu(t)
        z = If(p) <then_branch = f () => (float[1,1,2,2] u) { u = Neg(t) },
                   else_branch = h () => (float[1,1,2,2] v) { v = Abs(t) }>
      })");
  EXPECT_EQ(fuseFloatChains(graph, {}), 0);
}

TEST(FuseFloatChains, DoubleIsComputedByTheOperatorsThemselves) {
  const Graph graph = parseInferred(R"(g (double[1,1,2,2] x) => (double[1,1,2,2] y)
      <double[1,1,1,1] w = {1}> { t = Conv(x, w)  y = Relu(t) })");
  EXPECT_THAT(lowered(graph), ElementsAre("Conv", "Relu"));
}

TEST(FuseFloatChains, AnEmptyBatchPassesThroughAFusedStep) {
  const Graph graph = convGraph("t = Conv(x, w, b)  a = Add(r, t)  y = Relu(a)");
  NamedTensors inputs;
  for (const char* name : {"x", "r"}) inputs[name] = Tensor(DataType::kFloat32, {0, 2, 3, 3});
  inputs["c"] = Tensor(DataType::kFloat32, {0, 2, 1, 1});
  Executor executor(graph);
  ASSERT_THAT(opTypes(executor.lowered()), ElementsAre("FusedConv"));
  EXPECT_EQ(executor.run(inputs)[0].shape(), (Shape{0, 2, 3, 3}));
}

struct Case {
  const char* name;
  const char* activation;  // of the fused Conv
  const char* body;        // from t to y
};

void PrintTo(const Case& test, std::ostream* stream) { *stream << test.name; }

class ConvThen : public testing::TestWithParam<Case> {};

TEST_P(ConvThen, IsOneStepThatComputesTheSame) {
  const Graph graph = convGraph(std::string("t = Conv(x, w, b) ") + GetParam().body);
  const Executor executor(graph);
  ASSERT_THAT(opTypes(executor.lowered()), ElementsAre("FusedConv"));
  EXPECT_EQ(executor.lowered().nodes()[0]->attr("activation", ""), GetParam().activation);
  expectSameResults(graph);
}

const Case kCases[] = {
    {"Relu", "Relu", "y = Relu(t)"},
    {"LeakyRelu", "LeakyRelu", "y = LeakyRelu<alpha = 0.2>(t)"},
    {"PRelu", "LeakyRelu", "y = PRelu(t, slope)"},
    {"HardSwish", "HardSwish", "y = HardSwish(t)"},
    {"HardSigmoid", "HardSigmoid", "y = HardSigmoid<alpha = 0.3>(t)"},
    {"Sigmoid", "Sigmoid", "y = Sigmoid(t)"},
    {"Tanh", "Tanh", "y = Tanh(t)"},
    {"Elu", "Elu", "y = Elu<alpha = 0.5>(t)"},
    {"ByAFactor", "Linear", "y = Mul(half, t)"},
    {"DividedByANumber", "Linear", "y = Div(t, three)"},
    {"XTimesSigmoidOfX", "Swish", "s = Sigmoid(t)  y = Mul(t, s)"},
    {"SigmoidOfXTimesX", "Swish", "s = Sigmoid(t)  y = Mul(s, t)"},
    {"QuickGelu", "Swish", "u = Mul(t, quick)  s = Sigmoid(u)  y = Mul(t, s)"},
    {"GeluWithHalfLast", "Gelu", "u = Div(t, root)  e = Erf(u)  f = Add(e, one)  p = Mul(t, f)  y = Mul(p, half)"},
    {"GeluWithHalfFirst", "Gelu", "u = Div(t, root)  e = Erf(u)  f = Add(e, one)  h = Mul(t, half)  y = Mul(h, f)"},
    {"GeluWithHalfInside", "Gelu", "u = Mul(t, inverse)  e = Erf(u)  f = Add(one, e)  h = Mul(half, f)  y = Mul(h, t)"},
    {"GeluByTanhAndPow", "GeluTanh",
     "d = Pow(t, three)  u = Mul(d, k)  v = Add(t, u)  i = Mul(v, q)  e = Tanh(i)  f = Add(e, one)"
     "h = Mul(half, t)  y = Mul(h, f)"},
    {"GeluByTanhAndProducts", "GeluTanh",
     "i = Mul(t, q)  u = Mul(k, t)  v = Mul(u, t)  o = Add(v, one)  z = Mul(i, o)  e = Tanh(z)  f = Add(one, e)"
     "h = Mul(t, half)  y = Mul(h, f)"},
};

std::string nameOf(const testing::TestParamInfo<Case>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(Activations, ConvThen, testing::ValuesIn(kCases), nameOf);

TEST(ReplaceActivations, AGeluWhosePartIsReadElsewhereStays) {
  Graph graph =
      convGraph("u = Div(x, root)  e = Erf(u)  f = Add(e, one)  p = Mul(x, f)  z = Mul(p, half) y = Add(z, e)");
  EXPECT_EQ(replaceActivations(graph, {}), 0);
}

TEST(ReplaceActivations, AWatchedPartKeepsTheNodes) {
  Graph graph = convGraph("s = Sigmoid(x)  y = Mul(x, s)");
  EXPECT_EQ(replaceActivations(graph, {"s"}), 0);
  EXPECT_EQ(replaceActivations(graph, {"x"}), 1);
}

TEST(ReplaceActivations, AnotherFactorIsNotGelu) {
  Graph graph = convGraph("u = Mul(x, half)  e = Erf(u)  f = Add(e, one)  p = Mul(x, f)  y = Mul(p, half)");
  EXPECT_EQ(replaceActivations(graph, {}), 0);
}

TEST(ReplaceActivations, HalfPrecisionStays) {
  Graph graph = parseGraph("g (float16[2] x) => (float16[2] y) { s = Sigmoid(x)  y = Mul(x, s) }");
  EXPECT_EQ(replaceActivations(graph, {}), 0);
}

constexpr const char* kMatMul = R"(g (float[N,S,2] x, float[N,S,3] r, float[N,2,S] z) => (float[N,S,M] y)
  <float[2,3] w = {0.5, -1, 2, 0.25, 1, 3}, float[3] b = {1, -2, 0.5}, float[1,1,3] wide = {1, 2, 3},
   float half = {0.5}>)";

Graph matMulGraph(const std::string& body) { return parseInferred(std::string(kMatMul) + "{" + body + "}"); }

TEST(FuseFloatChains, AMatMulTakesItsBiasResidualAndActivation) {
  const Graph graph = matMulGraph("m = MatMul(x, w)  a = Add(b, m)  s = Add(a, r)  y = Relu(s)");
  const Executor executor(graph);
  ASSERT_THAT(opTypes(executor.lowered()), ElementsAre("FusedMatMul"));
  EXPECT_THAT(executor.lowered().nodes()[0]->proto().input(), ElementsAre("x", "w", "b", "r"));
  expectSameResults(graph);
}

TEST(FuseFloatChains, AMatMulWithoutBiasTakesAResidual) {
  const Graph graph = matMulGraph("m = MatMul(x, w)  y = Add(m, r)");
  const Executor executor(graph);
  ASSERT_THAT(opTypes(executor.lowered()), ElementsAre("FusedMatMul"));
  EXPECT_THAT(executor.lowered().nodes()[0]->proto().input(), ElementsAre("x", "w", "", "r"));
  expectSameResults(graph);
}

TEST(FuseFloatChains, AProductOfTwoValuesTakesItsFactor) {
  const Graph graph = matMulGraph("m = MatMul(x, z)  y = Mul(m, half)");
  EXPECT_THAT(lowered(graph), ElementsAre("FusedMatMul"));
  expectSameResults(graph);
}

TEST(FuseFloatChains, AnAddendOfMoreAxesIsNoBias) {
  EXPECT_THAT(lowered(matMulGraph("m = MatMul(x, w)  y = Add(m, wide)")), ElementsAre("MatMul", "Add"));
}

TEST(FuseFloatChains, AGemmTakesAResidualAndAnActivation) {
  const Graph graph = parseInferred(R"(g (float[N,2] x, float[N,3] r) => (float[N,3] y)
      <float[3,2] w = {0.5, -1, 2, 0.25, 1, 3}, float[3] b = {1, -2, 0.5}> {
        m = Gemm<transB = 1, alpha = 0.5, beta = 2.0>(x, w, b)  s = Add(r, m)  y = Tanh(s)
      })");
  EXPECT_THAT(lowered(graph), ElementsAre("FusedGemm"));
  expectSameResults(graph);
}

TEST(FuseFloatChains, ATransposedConvolutionTakesAnActivation) {
  const Graph graph = parseInferred(R"(g (float[N,2,3,3] x) => (float[N,1,6,6] y)
      <float[2,1,2,2] w = {0.5, -1, 2, 0.25, 1, 3, -2, 1}, float[1] b = {0.5}> {
        t = ConvTranspose<strides = [2, 2]>(x, w, b)  y = LeakyRelu(t)
      })");
  EXPECT_THAT(lowered(graph), ElementsAre("FusedConvTranspose"));
  expectSameResults(graph);
}

TEST(FuseFloatChains, AProductOfIntegersStays) {
  const Graph graph = parseInferred(R"(g (int32[2,2] x) => (int32[2,2] y)
      <int32[2,2] w = {1, 2, 3, 4}, int32[2] b = {5, 6}> { m = MatMul(x, w)  y = Add(m, b) })");
  EXPECT_THAT(lowered(graph), ElementsAre("MatMul", "Add"));
}

}  // namespace
}  // namespace quant
