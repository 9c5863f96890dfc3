// Dynamically quantized products, as ONNX and as onnxruntime write them, run fused and node by node.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "runtime/executor.h"
#include "support/onnx_text.h"
#include "support/tensor_compare.h"

namespace quant {
namespace {

struct Case {
  const char* name;
  std::vector<std::string> lowered;
  const char* header;
  const char* body;
};

void PrintTo(const Case& test, std::ostream* stream) { *stream << test.name; }

constexpr const char* kConstants = R"(
  <int8[4,3] m = {1, -20, 33, 100, 127, -127, 64, 9, -5, 77, 0, 2}, float[3] ms = {0.02, 0.01, 0.004}, float one = {0.02},
   int8 iz = {0}, int8[3] izs = {0, 3, -2}, uint8 uz = {128}, float[3] b = {0.5, -1, 2}, float[2,3] bb = {1, 2, 3, 4, 5, 6},
   uint8[2,2,1,1] w = {200, 3, 140, 90}, float[2,1,1] ws = {0.02, 0.004}, float[2,1,1] wb = {0.5, -1},
   float[1,2,1,1] wbb = {0.5, -1}>)";

Tensor reals(const Shape& shape) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  Tensor tensor(DataType::kFloat32, shape);
  for (float& value : tensor.data<float>()) value = normal(random);
  return tensor;
}

class DynamicRun : public testing::TestWithParam<Case> {};

TEST_P(DynamicRun, GivesWhatTheNodesGiveOneByOne) {
  const Graph graph = test::parseGraph(std::string(GetParam().header) + kConstants + "{" + GetParam().body + "}", 20);
  NamedTensors inputs;
  for (const std::string& name : graph.inputs()) inputs[name] = reals(*graph.valueType(name)->shape);
  Executor plain(graph, {Backend::kReference, {}, false});
  const Tensor expected = std::move(plain.run(inputs)[0]);
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    SCOPED_TRACE(toString(backend));
    Executor fused(graph, {backend, {}, true});
    EXPECT_THAT(test::opTypes(fused.lowered()), testing::ElementsAreArray(GetParam().lowered));
    for (int i = 0; i < 2; ++i) {  // what is kept from the first run is right in the second
      const Tensor actual = std::move(fused.run(inputs)[0]);
      EXPECT_EQ(test::differenceOf(actual, expected, {1e-6, 1e-6}), std::nullopt);
    }
  }
}

TEST_P(DynamicRun, OtherScalesAtTheNextRunAreSeen) {
  const Graph graph = test::parseGraph(std::string(GetParam().header) + kConstants + "{" + GetParam().body + "}", 20);
  NamedTensors inputs, wider;
  for (const std::string& name : graph.inputs()) {
    inputs[name] = reals(*graph.valueType(name)->shape);
    wider[name] = inputs[name].clone();
    for (float& x : wider[name].data<float>()) x = 3 * x + 1;
  }
  Executor plain(graph, {Backend::kReference, {}, false}), fused(graph, {Backend::kOneDnn, {}, true});
  fused.run(inputs);
  EXPECT_EQ(test::differenceOf(fused.run(wider)[0], plain.run(wider)[0], {1e-6, 1e-6}), std::nullopt);
}

constexpr const char* kMatrix = "g (float[5,4] x) => (float[5,3] y)";
constexpr const char* kPicture = "g (float[1,2,4,4] x) => (float[1,2,4,4] y)";
const std::vector<std::string> kProduct = {"DynamicQuantizeLinear", "QMatMul"};
const std::vector<std::string> kConvolution = {"DynamicQuantizeLinear", "QConv"};

const Case kCases[] = {
    {"ColumnScales", kProduct, kMatrix,
     "q, s, z = DynamicQuantizeLinear(x)  i = MatMulInteger(q, m, z)  f = Cast<to = 1>(i)  k = Mul(s, ms)"
     "y = Mul(f, k)"},
    {"OneScaleInTheOtherOrder", kProduct, kMatrix,
     "q, s, z = DynamicQuantizeLinear(x)  i = MatMulInteger(q, m, z, iz)  f = Cast<to = 1>(i)  k = Mul(one, s)"
     "y = Mul(k, f)"},
    {"ZeroPointsOfColumns", kProduct, kMatrix,
     "q, s, z = DynamicQuantizeLinear(x)  i = MatMulInteger(q, m, z, izs)  f = Cast<to = 1>(i)  k = Mul(s, ms)"
     "y = Mul(f, k)"},
    {"BiasAndActivation", kProduct, kMatrix,
     "q, s, z = DynamicQuantizeLinear(x)  i = MatMulInteger(q, m, z)  f = Cast<to = 1>(i)  k = Mul(s, ms)"
     "p = Mul(f, k)  a = Add(b, p)  y = Relu(a)"},
    {"AnAddendThatIsNoRowStaysOutside",
     {"DynamicQuantizeLinear", "QMatMul", "Add"},
     "g (float[2,4] x) => (float[2,3] y)",
     "q, s, z = DynamicQuantizeLinear(x)  i = MatMulInteger(q, m, z)  f = Cast<to = 1>(i)  k = Mul(s, ms)"
     "p = Mul(f, k)  y = Add(p, bb)"},
    {"BatchesOfRows", kProduct, "g (float[2,3,4] x) => (float[2,3,3] y)",
     "q, s, z = DynamicQuantizeLinear(x)  i = MatMulInteger(q, m, z)  f = Cast<to = 1>(i)  k = Mul(s, ms)"
     "y = Mul(f, k)"},
    {"AVector", kProduct, "g (float[4] x) => (float[3] y)",
     "q, s, z = DynamicQuantizeLinear(x)  i = MatMulInteger(q, m, z)  f = Cast<to = 1>(i)  k = Mul(s, ms)"
     "y = Mul(f, k)"},
    {"TwoActivations",
     {"DynamicQuantizeLinear", "DynamicQuantizeLinear", "QMatMul"},
     "g (float[2,5,4] x, float[2,4,3] v) => (float[2,5,3] y)",
     "q, s, z = DynamicQuantizeLinear(x)  r, t, o = DynamicQuantizeLinear(v)  i = MatMulInteger(q, r, z, o)"
     "f = Cast<to = 1>(i)  k = Mul(s, t)  y = Mul(f, k)"},
    {"Convolution", kConvolution, kPicture,
     "q, s, z = DynamicQuantizeLinear(x)  i = ConvInteger(q, w, z, uz)  f = Cast<to = 1>(i)  k = Mul(s, ws)"
     "p = Mul(f, k)  y = Add(p, wb)"},
    {"ConvolutionWithABatchBeforeItsBias", kConvolution, kPicture,
     "q, s, z = DynamicQuantizeLinear(x)  i = ConvInteger(q, w, z, uz)  f = Cast<to = 1>(i)  k = Mul(s, one)"
     "p = Mul(f, k)  a = Add(p, wbb)  y = Relu(a)"},
    {"DynamicQuantizeMatMul", kProduct, kMatrix, "y = com.microsoft.DynamicQuantizeMatMul(x, m, ms, izs, b)"},
    {"DynamicQuantizeMatMulWithoutBias", kProduct, kMatrix, "y = com.microsoft.DynamicQuantizeMatMul(x, m, one)"},
    {"MatMulIntegerToFloat", kProduct, kMatrix,
     "q, s, z = DynamicQuantizeLinear(x)  p = com.microsoft.MatMulIntegerToFloat(q, m, s, ms, z, izs, b)  y = Relu(p)"},
};

INSTANTIATE_TEST_SUITE_P(Models, DynamicRun, testing::ValuesIn(kCases),
                         [](const testing::TestParamInfo<Case>& test) { return std::string(test.param.name); });

TEST(LoweredDynamic, OneQuantizationServesSeveralFusedProductsOfAValue) {
  const Graph graph = test::parseGraph(std::string("g (float[5,4] x) => (float[5,3] y)") + kConstants + R"({
      a = com.microsoft.DynamicQuantizeMatMul(x, m, ms)
      c = com.microsoft.DynamicQuantizeMatMul(x, m, one)
      y = Add(a, c)
    })");
  const Executor executor(graph, {Backend::kReference, {}, true});
  EXPECT_EQ(std::ranges::count(test::opTypes(executor.lowered()), "DynamicQuantizeLinear"), 1);
}

TEST(LoweredDynamic, AWatchedProductStaysThere) {
  const Graph graph = test::parseGraph(std::string(kMatrix) + kConstants + R"({
      q, s, z = DynamicQuantizeLinear(x)
      i = MatMulInteger(q, m, z)
      f = Cast<to = 1>(i)
      k = Mul(s, ms)
      p = Mul(f, k)
      y = Add(p, b)
    })");
  const Executor executor(graph, {Backend::kReference, {"p"}, true});
  EXPECT_THAT(test::opTypes(executor.lowered()), testing::ElementsAre("DynamicQuantizeLinear", "QMatMul", "Add"));
}

/// Sizes around the vectors' and the threads' borders, with a NaN and without anything negative.
TEST(OneDnnDynamicQuantizeLinear, GivesTheReferencesBits) {
  const Graph graph =
      test::parseGraph("g (float[N] x) => (uint8[N] q, float s, uint8 z) { q, s, z = DynamicQuantizeLinear(x) }");
  Executor reference(graph, {Backend::kReference, {}, true}), onednn(graph, {Backend::kOneDnn, {}, true});
  for (const int64_t size : {1, 31, 32, 33, 1000, 200000}) {
    for (const float shift : {0.0F, 5.0F, -9.0F}) {
      NamedTensors inputs;
      inputs["x"] = reals({size});
      for (float& x : inputs["x"].data<float>()) x += shift;
      if (size > 40) inputs["x"].data<float>()[35] = std::numeric_limits<float>::quiet_NaN();
      const auto expected = reference.run(inputs), actual = onednn.run(inputs);
      EXPECT_TRUE(std::ranges::equal(expected[0].data<uint8_t>(), actual[0].data<uint8_t>())) << size << " " << shift;
      EXPECT_EQ(expected[1].data<float>()[0], actual[1].data<float>()[0]);
      EXPECT_EQ(expected[2].data<uint8_t>()[0], actual[2].data<uint8_t>()[0]);
    }
  }
}

}  // namespace
}  // namespace quant
