// Quantized models as other tools write them run fused and node by node on both backends: the integers must agree, but
// for a tie that one rounding more or less decides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "runtime/executor.h"
#include "support/onnx_text.h"
#include "support/tensor_compare.h"

namespace quant {
namespace {

struct Case {
  const char* name;
  const char* fused_op;  // stands in the lowered graph
  const char* body;      // from x, dequantized as xd, to r, which is quantized to y
  const char* header = "g (uint8[1,2,4,4] x) => (uint8[A,B,C,D] y)";
};

void PrintTo(const Case& test, std::ostream* stream) { *stream << test.name; }

/// Scales s, t, u; zero points z (uint8) and i (int8); weights with one scale and with one for each channel.
constexpr const char* kConstants = R"(
  <float s = {0.05}, float t = {0.06}, float u = {0.11}, uint8 z = {120}, uint8 zero = {0}, int8 i = {0}, int8 j = {-9},
   float ws = {0.02}, float[2] wss = {0.02, 0.004}, int8[2] wzs = {0, 0}, float[2] bias = {0.5, -1.25},
   int8[2,2,1,1] w = {100, -60, 33, 127}, uint8[2,2,1,1] wu = {200, 3, 140, 90}, uint8 wuz = {128},
   float[2] ss = {0.02, 0.0235}, uint8[2] zz = {0, 0}, uint8[2] other = {0, 9}, int8[4,1,1,1] tw = {90, -30, 7, -127}, float[2] gamma = {1.5, -0.7}, float[2] beta = {0.4, 2},
   float[2] mean = {-1, 0.5}, float[2] var = {2, 0.6},
   float six = {6}, float none = {0}, int8[2,1,3,3] dw = {1, -2, 30, 4, 77, -6, 7, 8, -9, 10, 110, 12, -13, 14, 15, 16, 17, -18},
   int8[2,2,2,2] t2 = {-67, 24, 12, -94, -33, 107, 27, -6, 33, 21, -111, 28, -124, 105, 87, -7},
   int8[2,2,3] t1 = {-61, 14, -68, -78, 127, 56, -7, 11, 87, 13, -6, -26},
   int8[2,2,3,3] t3 = {36, 93, -89, -68, 35, -89, 95, 110, 6, -28, 62, -124, 44, 71, -111, -87, 67, 118,
                       24, -117, -50, 72, -120, 83, 94, -59, -6, 25, 57, 108, 97, -28, 55, 74, 108, -18},
   uint8[2,1,4,4] t4 = {202, 227, 68, 187, 49, 18, 69, 253, 111, 132, 223, 154, 215, 197, 179, 208,
                        118, 172, 14, 143, 83, 167, 53, 108, 136, 145, 63, 32, 246, 247, 45, 176},
   int8[4,3] m = {1, -20, 33, 100, 127, -127, 64, 9, -5, 77, 0, 2}, float[3] mss = {0.02, 0.01, 0.004},
   int8[3] mzs = {0, 0, 0}, float[3] mb = {0.5, -1, 2}>)";

Tensor randomBytes(const Shape& shape) {
  std::mt19937 random(5);
  Tensor tensor(DataType::kUInt8, shape);
  for (uint8_t& value : tensor.data<uint8_t>()) value = static_cast<uint8_t>(random());
  return tensor;
}

std::vector<int> run(const Graph& graph, Backend backend, bool fuse, const NamedTensors& inputs) {
  Executor executor(graph, {backend, {}, fuse});
  const Tensor result = std::move(executor.run(inputs)[0]);
  std::vector<int> integers;
  if (result.type() == DataType::kUInt8) {
    for (const auto q : result.data<uint8_t>()) integers.push_back(q);
  } else {
    for (const auto q : result.data<int8_t>()) integers.push_back(q);
  }
  return integers;
}

class LoweredRun : public testing::TestWithParam<Case> {};

TEST_P(LoweredRun, GivesTheIntegersOfTheNodesOneByOne) {
  const Graph graph = test::parseGraph(std::string(GetParam().header) + kConstants + "{" + GetParam().body + "}");
  NamedTensors inputs;
  inputs["x"] = randomBytes(*graph.valueType("x")->shape);
  const auto expected = run(graph, Backend::kReference, false, inputs);
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    SCOPED_TRACE(toString(backend));
    EXPECT_THAT(test::opTypes(Executor(graph, {backend, {}, true}).lowered()), testing::Contains(GetParam().fused_op));
    const auto actual = run(graph, backend, true, inputs);
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t k = 0; k < actual.size(); ++k) EXPECT_LE(std::abs(actual[k] - expected[k]), 1) << "at " << k;
  }
}

constexpr const char* kMatrix = "g (uint8[5,4] x) => (uint8[5,3] y)";

const Case kCases[] = {
    {"FloatBiasAndReluBetween", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 0>(w, wss, wzs)  c = Conv(xd, wd, bias)"
     "r = Relu(c)  y = QuantizeLinear(r, t, zero)"},
    {"ReluThenClip", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(w, ws, i)  c = Conv(xd, wd)"
     "h = Relu(c)  r = Clip(h, none)  y = QuantizeLinear(r, t, zero)"},
    {"UnsignedWeights", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(wu, ws, wuz)  c = Conv(xd, wd, bias)"
     "y = QuantizeLinear(c, u, z)"},
    {"UnsignedToSigned", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(w, ws)  c = Conv(xd, wd, bias)"
     "y = QuantizeLinear(c, u, j)",
     "g (uint8[1,2,4,4] x) => (int8[1,2,4,4] y)"},
    {"NoZeroPoints", "QLinearConv",
     "xd = DequantizeLinear(x, s)  wd = DequantizeLinear(w, ws)  c = Conv(xd, wd)  y = QuantizeLinear(c, u)"},
    {"AddOfUnsignedAndSigned", "QLinearAdd",
     "xd = DequantizeLinear(x, s, z)  n = Neg(xd)  q = QuantizeLinear(n, t, j)  nd = DequantizeLinear(q, t, j)"
     "a = Add(xd, nd)  y = QuantizeLinear(a, u, z)"},
    {"SignedSumToUnsigned", "QLinearAdd",
     "xd = DequantizeLinear(x, s, z)  n = Neg(xd)  q = QuantizeLinear(n, t, j)  nd = DequantizeLinear(q, t, j)"
     "p = QuantizeLinear(xd, u, i)  pd = DequantizeLinear(p, u, i)  a = Add(pd, nd)  r = Relu(a)"
     "y = QuantizeLinear(r, u, zero)"},
    {"SquareToSigned", "Lookup", "xd = DequantizeLinear(x, s, z)  a = Mul(xd, xd)  y = QuantizeLinear(a, u, j)",
     "g (uint8[1,2,4,4] x) => (int8[1,2,4,4] y)"},
    {"LeakyRelu", "QLinearLeakyRelu",
     "xd = DequantizeLinear(x, s, z)  a = LeakyRelu<alpha = 0.1>(xd)  y = QuantizeLinear(a, t, z)"},
    {"AveragePool", "QLinearAveragePool",
     "xd = DequantizeLinear(x, s, z)  a = AveragePool<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1],"
     "count_include_pad = 1>(xd)  y = QuantizeLinear(a, t, z)"},
    {"AveragePoolWithoutPads", "QLinearAveragePool",
     "xd = DequantizeLinear(x, s, z)  a = AveragePool<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]>(xd)"
     "y = QuantizeLinear(a, t, z)"},
    {"AveragePoolWithCeiling", "QLinearAveragePool",
     "xd = DequantizeLinear(x, s, z)  a = AveragePool<kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1>(xd)"
     "y = QuantizeLinear(a, t, z)"},
    {"GlobalAveragePool", "QLinearGlobalAveragePool",
     "xd = DequantizeLinear(x, s, z)  a = GlobalAveragePool(xd)  y = QuantizeLinear(a, t, z)"},
    {"MaxPoolWithPads", "MaxPool",
     "xd = DequantizeLinear(x, s, z)  a = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(xd)"
     "y = QuantizeLinear(a, s, z)"},
    {"ConcatOfDifferentScales", "QLinearConcat",
     "xd = DequantizeLinear(x, s, z)  n = Neg(xd)  q = QuantizeLinear(n, t, zero)  nd = DequantizeLinear(q, t, zero)"
     "a = Concat<axis = 1>(xd, nd)  y = QuantizeLinear(a, u, z)"},
    {"ConcatWithoutQuantization", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  n = Neg(xd)  q = QuantizeLinear(n, s, z)  nd = DequantizeLinear(q, s, z)"
     "a = Concat<axis = 2>(xd, nd)  wd = DequantizeLinear(w, ws, i)  c = Conv(a, wd)  y = QuantizeLinear(c, u, z)"},
    {"GemmWithFloatBias", "QGemm",
     "xd = DequantizeLinear(x, s, z)  md = DequantizeLinear<axis = 1>(m, mss, mzs)  a = Gemm(xd, md, mb)"
     "y = QuantizeLinear(a, u, z)",
     kMatrix},
    {"MatMulForEachColumn", "QLinearMatMul",
     "xd = DequantizeLinear(x, s, z)  md = DequantizeLinear<axis = 1>(m, mss, mzs)  a = MatMul(xd, md)"
     "r = Relu(a)  y = QuantizeLinear(r, u, zero)",
     kMatrix},
    {"GemmToSigned", "QGemm",
     "xd = DequantizeLinear(x, s, z)  md = DequantizeLinear<axis = 1>(m, mss, mzs)  a = Gemm(xd, md, mb)"
     "y = QuantizeLinear(a, u, j)",
     "g (uint8[5,4] x) => (int8[5,3] y)"},
    {"MatMulToSigned", "QLinearMatMul",
     "xd = DequantizeLinear(x, s, z)  md = DequantizeLinear<axis = 1>(m, mss, mzs)  a = MatMul(xd, md)"
     "y = QuantizeLinear(a, u, j)",
     "g (uint8[5,4] x) => (int8[5,3] y)"},
    {"ConvThenHardSwish", "QConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 0>(w, wss, wzs)  c = Conv(xd, wd, bias)"
     "r = HardSwish(c)  y = QuantizeLinear(r, t, z)"},
    {"ConvThenTightClip", "QConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(w, ws)  c = Conv(xd, wd)"
     "r = Clip(c, none, six)  y = QuantizeLinear(r, u, j)",
     "g (uint8[1,2,4,4] x) => (int8[1,2,4,4] y)"},
    {"ConvThenSwish", "QConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(wu, ws, wuz)  c = Conv(xd, wd, bias)"
     "e = Sigmoid(c)  r = Mul(c, e)  y = QuantizeLinear(r, t, z)"},
    {"DepthwiseThenTanh", "QConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 0>(dw, wss, wzs)"
     "c = Conv<group = 2, pads = [1, 1, 1, 1]>(xd, wd, bias)  r = Tanh(c)  y = QuantizeLinear(r, t, z)"},
    {"DepthwiseOfChannelsWithScalesOfTheirOwn", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(w, ws, i)  dwd = DequantizeLinear<axis = 0>(dw, wss, wzs)"
     "c = Conv(xd, wd, bias)  h = Clip(c, none, six)  q = QuantizeLinear<axis = 1>(h, ss, zz)"
     "qd = DequantizeLinear<axis = 1>(q, ss, zz)  e = Conv<group = 2, pads = [1, 1, 1, 1]>(qd, dwd)"
     "y = QuantizeLinear(e, u, z)"},
    {"BatchNormalizationBehindConv", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 0>(w, wss, wzs)  c = Conv(xd, wd, bias)"
     "n = BatchNormalization(c, gamma, beta, mean, var)  r = Relu(n)  y = QuantizeLinear(r, u, zero)"},
    {"BatchNormalizationBeforeScalesOfChannels", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 0>(w, wss, wzs)  dwd = DequantizeLinear(dw, ws, i)"
     "c = Conv(xd, wd)  n = BatchNormalization(c, gamma, beta, mean, var)  h = Clip(n, none, six)"
     "q = QuantizeLinear<axis = 1>(h, ss, zz)  qd = DequantizeLinear<axis = 1>(q, ss, zz)"
     "e = Conv<group = 2, pads = [1, 1, 1, 1]>(qd, dwd)  f = Tanh(e)  y = QuantizeLinear(f, u, z)"},
    {"TwoOutputsOfEachChannelWithAScaleOfItsOwn", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(w, ws, i)  twd = DequantizeLinear(tw, ws, i)"
     "c = Conv(xd, wd)  q = QuantizeLinear<axis = 1>(c, ss, zz)  qd = DequantizeLinear<axis = 1>(q, ss, zz)"
     "e = Conv<group = 2>(qd, twd)  y = QuantizeLinear(e, u, z)"},
    {"ChannelsWithZeroPointsOfTheirOwnDecline", "Conv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(w, ws, i)  dwd = DequantizeLinear(dw, ws, i)"
     "c = Conv(xd, wd)  q = QuantizeLinear<axis = 1>(c, ss, other)  qd = DequantizeLinear<axis = 1>(q, ss, other)"
     "e = Conv<group = 2, pads = [1, 1, 1, 1]>(qd, dwd)  r = Selu(e)  y = QuantizeLinear(r, u, z)"},
    {"TransposedConvWithoutOverlap", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 1>(t2, wss, wzs)"
     "c = ConvTranspose<strides = [2, 2]>(xd, wd, bias)  y = QuantizeLinear(c, u, z)"},
    {"TransposedConvWithOutputPadding", "DepthToSpace",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 1>(t3, wss, wzs)"
     "c = ConvTranspose<strides = [2, 2], pads = [1, 1, 1, 1], output_padding = [1, 1]>(xd, wd, bias)  y = "
     "QuantizeLinear(c, u, z)"},
    {"TransposedConvWithUnevenPads", "Slice",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 1>(t3, wss, wzs)"
     "c = ConvTranspose<strides = [2, 2], pads = [0, 2, 3, 1]>(xd, wd, bias)  y = QuantizeLinear(c, u, z)"},
    {"TransposedConvThatPadsBeyondItsWindow", "DepthToSpace",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 1>(t2, wss, wzs)"
     "c = ConvTranspose<strides = [3, 3], output_padding = [2, 1]>(xd, wd, bias)  y = QuantizeLinear(c, u, z)"},
    {"TransposedConvOfStrideOne", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 1>(t3, wss, wzs)"
     "c = ConvTranspose<pads = [1, 1, 1, 1]>(xd, wd, bias)  y = QuantizeLinear(c, u, z)"},
    {"TransposedConvInGroups", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(t4, ws, wuz)"
     "c = ConvTranspose<group = 2, strides = [2, 2], pads = [1, 1, 1, 1]>(xd, wd, bias)  y = QuantizeLinear(c, u, z)"},
    {"TransposedConvOfALine", "QLinearConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 1>(t1, wss, wzs)"
     "c = ConvTranspose(xd, wd)  y = QuantizeLinear(c, u, z)",
     "g (uint8[1,2,7] x) => (uint8[A,B,C] y)"},
    {"TransposedConvWithHolesDeclines", "ConvTranspose",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 1>(t3, wss, wzs)"
     "c = ConvTranspose<strides = [2, 2], dilations = [2, 2]>(xd, wd, bias)  y = QuantizeLinear(c, u, z)"},
    {"MatMulBiasElu", "QMatMul",
     "xd = DequantizeLinear(x, s, z)  md = DequantizeLinear<axis = 1>(m, mss, mzs)  a = MatMul(xd, md)  b = Add(mb, a)"
     "r = Elu(b)  y = QuantizeLinear(r, u, z)",
     kMatrix},
    {"MatMulWithBias", "QMatMul",
     "xd = DequantizeLinear(x, s, z)  md = DequantizeLinear(m, ws)  a = MatMul(xd, md)  b = Add(a, mb)"
     "y = QuantizeLinear(b, u, j)",
     "g (uint8[5,4] x) => (int8[5,3] y)"},
    {"ProductOfTwoSourcesScaled", "QMatMul",
     "xd = DequantizeLinear(x, s, z)  td = Transpose<perm = [0, 1, 3, 2]>(xd)  a = MatMul(xd, td)  b = Mul(a, ws)"
     "r = Relu(b)  y = QuantizeLinear(r, ws, z)"},
    {"MoveThenRequantize", "Lookup",
     "xd = DequantizeLinear(x, s, z)  r = Transpose<perm = [0, 1, 3, 2]>(xd)  y = QuantizeLinear(r, t, j)",
     "g (uint8[1,2,4,4] x) => (int8[1,2,4,4] y)"},
    {"SigmoidToSigned", "Lookup", "xd = DequantizeLinear(x, s, z)  a = Sigmoid(xd)  y = QuantizeLinear(a, ws, j)",
     "g (uint8[1,2,4,4] x) => (int8[1,2,4,4] y)"},
    {"GemmWhoseClipIsTight", "Clip",
     "xd = DequantizeLinear(x, s, z)  md = DequantizeLinear<axis = 1>(m, mss, mzs)  a = Gemm(xd, md, mb)"
     "r = Clip(a, none, six)  y = QuantizeLinear(r, u, zero)",
     kMatrix},
};

class LoweredRealRun : public testing::TestWithParam<Case> {};

TEST_P(LoweredRealRun, GivesTheNumbersOfTheNodesOneByOne) {
  const Graph graph = test::parseGraph(std::string(GetParam().header) + kConstants + "{" + GetParam().body + "}");
  NamedTensors inputs;
  inputs["x"] = randomBytes(*graph.valueType("x")->shape);
  const Tensor expected = std::move(Executor(graph, {Backend::kReference, {}, false}).run(inputs)[0]);
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    SCOPED_TRACE(toString(backend));
    Executor fused(graph, {backend, {}, true});
    EXPECT_THAT(test::opTypes(fused.lowered()), testing::Contains(GetParam().fused_op));
    const Tensor actual = std::move(fused.run(inputs)[0]);
    EXPECT_EQ(test::differenceOf(actual, expected, {1e-5, 1e-5}), std::nullopt);
  }
}

const Case kRealCases[] = {
    {"Conv", "QConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear<axis = 0>(w, wss, wzs)  y = Conv(xd, wd, bias)",
     "g (uint8[1,2,4,4] x) => (float[1,2,4,4] y)"},
    {"ConvAndRelu", "QConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(wu, ws, wuz)  c = Conv<strides = [2, 2]>(xd, wd)  y = "
     "Relu(c)",
     "g (uint8[1,2,4,4] x) => (float[1,2,2,2] y)"},
    {"AsymmetricWeights", "QConv",
     "xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(wu, ws, z)  y = Conv(xd, wd, bias)",
     "g (uint8[1,2,4,4] x) => (float[1,2,4,4] y)"},
    {"MatMulBiasActivation", "QMatMul",
     "xd = DequantizeLinear(x, s, z)  md = DequantizeLinear<axis = 1>(m, mss, mzs)  a = MatMul(xd, md)  b = Add(a, mb)"
     "y = Tanh(b)",
     "g (uint8[2,5,4] x) => (float[2,5,3] y)"},
    {"ProductOfTwoSources", "QMatMul",
     "xd = DequantizeLinear(x, s, z)  td = Transpose<perm = [0, 1, 3, 2]>(xd)  y = MatMul(xd, td)",
     "g (uint8[1,2,4,4] x) => (float[1,2,4,4] y)"},
    {"RowTimesMatrix", "QMatMul", "xd = DequantizeLinear(x, s, z)  md = DequantizeLinear(m, ws)  y = MatMul(xd, md)",
     "g (uint8[4] x) => (float[3] y)"},
};

std::string nameOf(const testing::TestParamInfo<Case>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(Models, LoweredRun, testing::ValuesIn(kCases), nameOf);
INSTANTIATE_TEST_SUITE_P(Models, LoweredRealRun, testing::ValuesIn(kRealCases), nameOf);

}  // namespace
}  // namespace quant
