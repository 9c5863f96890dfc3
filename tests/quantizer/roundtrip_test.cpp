// Small models of unusual shape are calibrated, quantized, checked by ONNX's checker and run in four ways: fused and
// node by node, on both backends. Each run must be as near to the float model as 8 bits allow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/checker.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "quantizer/apply_qdq.h"
#include "runtime/executor.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::parseGraph;

struct Case {
  const char* name;
  const char* text;
  Int8Options options = {};
  double tolerance = 0.03;  // of an output's largest magnitude
  int opset = 13;
};

void PrintTo(const Case& test, std::ostream* stream) { *stream << test.name; }

Tensor randomTensor(const Shape& shape, std::mt19937& random) {
  Tensor tensor(DataType::kFloat32, shape);
  for (float& value : tensor.data<float>()) value = static_cast<float>(random() % 2001) / 1000 - 1;
  return tensor;
}

/// Graph inputs called w... or b... become constants with random elements.
Graph modelOf(const Case& test, std::mt19937& random) {
  Graph graph = parseGraph(test.text, test.opset);
  for (const auto& name : graph.inputs()) {
    if (name[0] == 'w' || name[0] == 'b')
      graph.defineConstant(name, randomTensor(*graph.valueType(name)->shape, random));
  }
  graph.inferShapes();
  return graph;
}

NamedTensors sampleOf(const Graph& graph, std::mt19937& random) {
  NamedTensors sample;
  for (const auto& name : graph.inputs()) sample[name] = randomTensor(*graph.valueType(name)->shape, random);
  return sample;
}

RangeTable calibrate(const Graph& graph, const std::set<std::string>& watched, const NamedTensors& sample) {
  RangeTable table;
  for (const auto& value : watched) table.values[value];
  Executor(graph, {Backend::kReference, watched, true})
      .run(sample, [&](const std::string& value, const Tensor& tensor) {
        Range& range = table.values[value].range;
        for (const float x : tensor.data<float>()) range = {std::min(range.low, x), std::max(range.high, x)};
      });
  return table;
}

Graph quantized(const Graph& graph, const Int8Options& options, const NamedTensors& sample) {
  Placement placement = place(graph, options);
  const RangeTable table = calibrate(graph, watchList(placement), sample);
  const auto plan = makePlan(graph, std::move(placement), table, options);
  Graph result = graph.clone();
  applyQdq(result, plan);
  return result;
}

double largest(const Tensor& tensor) {
  double result = 0;
  for (const float x : tensor.data<float>()) result = std::max(result, std::abs(static_cast<double>(x)));
  return result;
}

double largestDifference(const Tensor& a, const Tensor& b) {
  const auto x = a.data<float>(), y = b.data<float>();
  double result = 0;
  for (size_t i = 0; i < x.size(); ++i) result = std::max(result, std::abs(static_cast<double>(x[i]) - y[i]));
  return result;
}

void expectNear(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    SCOPED_TRACE(testing::Message() << "output " << i);
    ASSERT_EQ(actual[i].shape(), expected[i].shape());
    EXPECT_LE(largestDifference(actual[i], expected[i]), tolerance * largest(expected[i]));
  }
}

class RoundTrip : public testing::TestWithParam<Case> {};

TEST_P(RoundTrip, TheQuantizedModelIsValidAndNearTheFloatModel) {
  std::mt19937 random(7);
  const Graph graph = modelOf(GetParam(), random);
  const NamedTensors sample = sampleOf(graph, random);
  const auto expected = Executor(graph, {Backend::kReference, {}, false}).run(sample);
  const Graph result = quantized(graph, GetParam().options, sample);
  EXPECT_THAT(test::opTypes(result), testing::Contains("QuantizeLinear"));
  EXPECT_EQ(result.outputs(), graph.outputs());
  onnx::checker::check_model(result.clone().release(), true);
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    for (const bool fuse : {false, true}) {
      SCOPED_TRACE(testing::Message() << toString(backend) << (fuse ? ", fused" : ", node by node"));
      expectNear(Executor(result, {backend, {}, fuse}).run(sample), expected, GetParam().tolerance);
    }
  }
}

Int8Options with(DataType type, bool symmetric, bool per_channel) {
  Int8Options options;
  options.activation_type = type;
  options.symmetric_activations = symmetric;
  options.per_channel_weights = per_channel;
  options.rounding = WeightRounding::kNearest;
  return options;
}
const Int8Options kPerTensor = with(DataType::kUInt8, false, false);
const Int8Options kSigned = with(DataType::kInt8, false, true);
const Int8Options kSignedSymmetric = with(DataType::kInt8, true, true);
const Int8Options kUnsignedSymmetric = with(DataType::kUInt8, true, true);

constexpr const char* kResidual =
    R"(g (float[1,4,5,5] x, float[4,4,3,3] w1, float[4] b1, float[4,4,1,1] w2) => (float[1,4,5,5] y) {
  c = Conv<pads = [1, 1, 1, 1]>(x, w1, b1)
  r = Relu(c)
  d = Conv(r, w2)
  a = Add(d, x)
  y = Relu(a)
})";

constexpr const char* kSignedAndReluConcat =
    R"(g (float[1,2,4,4] x, float[3,2,1,1] w1, float[3,2,1,1] w2) => (float[1,6,4,4] z) {
  c = Conv(x, w1)
  r = Relu(c)
  d = Conv(x, w2)
  z = Concat<axis = 1>(r, d)
})";

constexpr const char* kTightClip = R"(g (float[1,2,4,4] x, float[3,2,1,1] w1) => (float[1,3,4,4] y)
  <float low = {-0.2}, float high = {0.9}> {
    c = Conv(x, w1)
    y = Clip(c, low, high)
  })";

const Case kCases[] = {
    {"Residual", kResidual},
    {"ResidualPerTensor", kResidual, kPerTensor},
    {"ResidualSigned", kResidual, kSigned},
    {"ResidualSignedSymmetric", kResidual, kSignedSymmetric},
    {"ResidualUnsignedSymmetric", kResidual, kUnsignedSymmetric},
    {"FloatAndIntegerReaders", R"(g (float[1,2,4,4] x, float[2,2,1,1] w1, float[2,2,1,1] w2)
        => (float[1,2,4,4] y, float[1,2,4,4] z, float[1,2,4,4] t) {
          e = Exp(x)
          y = Conv(e, w1)
          z = Sqrt(e)
          t = Conv(y, w2)
        })"},
    {"OutputThatConvAndSoftmaxRead",
     R"(g (float[1,2,4,4] x, float[2,2,1,1] w1) => (float[1,2,4,4] r, float[1,2,4,4] z, float[1,2,4,4] s) {
          c = Conv(x, w1)
          r = Relu(c)
          z = Conv(r, w1)
          s = Softmax<axis = 1>(r)
        })"},
    {"ConvAndItsReluAreOutputs", R"(g (float[1,2,4,4] x, float[2,2,1,1] w1) => (float[1,2,4,4] c, float[1,2,4,4] r) {
          c = Conv(x, w1)
          r = Relu(c)
        })"},
    {"SharedWeightsAlongDifferentAxes", R"(g (float[1,3] x, float[3,3] w1) => (float[1,3] y, float[1,3] z) {
          y = Gemm<transB = 1>(x, w1)
          z = Gemm(x, w1)
        })"},
    {"ConvAndConvTransposeShareWeights", R"(g (float[1,2,4,4] x, float[2,2,3,3] w1) => (float[1,2,4,4] z) {
          y = Conv(x, w1)
          z = ConvTranspose(y, w1)
        })"},
    {"SharedBias", R"(g (float[1,2,4,4] x, float[2,2,1,1] w1, float[2,2,1,1] w2, float[2] b1) => (float[1,2,4,4] z) {
          y = Conv(x, w1, b1)
          z = Conv(y, w2, b1)
        })"},
    {"GroupedConv", R"(g (float[1,4,4,4] x, float[8,2,3,3] w1, float[8] b1, float[8,1,1,1] w2) => (float[1,8,2,2] z) {
          y = Conv<group = 2>(x, w1, b1)
          z = Conv<group = 8>(y, w2)
        })"},
    {"GroupedConvTranspose", R"(g (float[1,4,3,3] x, float[4,3,2,2] w1, float[6] b1) => (float[1,6,6,6] y) {
          y = ConvTranspose<group = 2, strides = [2, 2]>(x, w1, b1)
        })"},
    {"OneDimensionalConv",
     R"(g (float[2,3,9] x, float[4,3,3] w1, float[4] b1) => (float[2,4,7] y) { y = Conv(x, w1, b1) })"},
    {"GemmWithRowBias",
     R"(g (float[3,4] x, float[5,4] w1, float[1,5] b1, float[5,2] w2, float[1,2] b2) => (float[3,2] y) {
          h = Gemm<transB = 1>(x, w1, b1)
          r = Relu(h)
          y = Gemm(r, w2, b2)
        })"},
    {"GemmWithColumnBias", R"(g (float[3,4] x, float[4,3] w1, float[3,1] b1, float[3,3] w2) => (float[3,3] y) {
          h = Gemm(x, w1, b1)
          y = Gemm(h, w2)
        })"},
    {"GemmWithScalarBias", R"(g (float[3,4] x, float[4,1] w1, float b1) => (float[3,1] y) { y = Gemm(x, w1, b1) })"},
    {"MatMulOfTwoActivations",
     R"(g (float[2,3,4] x, float[4,4] w1, float[4,4] w2, float[3,3] w3) => (float[2,3,3] z) {
          q = MatMul(x, w1)
          k = MatMul(x, w2)
          t = Transpose<perm = [0, 2, 1]>(k)
          s = MatMul(q, t)
          z = MatMul(s, w3)
        })",
     {},
     0.05},
    {"MatMulBiasRelu", R"(g (float[2,3,4] x, float[4,5] w1, float[5] b1, float[5,2] w2) => (float[2,3,2] z) {
          m = MatMul(x, w1)
          a = Add(m, b1)
          r = Relu(a)
          z = MatMul(r, w2)
        })"},
    {"MatMulWithItself", R"(g (float[3,3] x, float[3,3] w1) => (float[3,3] z) {
          m = MatMul(x, x)
          z = MatMul(m, w1)
        })"},
    {"AddOfAValueToItself", R"(g (float[1,2,4,4] x, float[2,2,1,1] w1) => (float[1,2,4,4] z) {
          c = Conv(x, w1)
          z = Add(c, c)
        })"},
    {"SplitIntoConvAndConcat",
     R"(g (float[1,4,4,4] x, float[4,4,1,1] w1, float[2,2,1,1] w2) => (float[1,4,4,4] z, float[1,2,4,4] v) {
          c = Conv(x, w1)
          u, v = Split<axis = 1>(c)
          d = Conv(u, w2)
          z = Concat<axis = 1>(d, v)
        })"},
    {"ConcatOfReluAndSigned", kSignedAndReluConcat},
    {"ConcatOfReluAndSignedPerTensor", kSignedAndReluConcat, kPerTensor},
    {"ConcatOfConcats",
     R"(g (float[1,2,4,4] x, float[2,2,1,1] w1, float[2,2,1,1] w2, float[2,2,1,1] w3) => (float[1,6,4,4] z) {
          a = Conv(x, w1)
          b = Conv(x, w2)
          d = Conv(x, w3)
          r = Relu(d)
          n = Concat<axis = 1>(a, r)
          z = Concat<axis = 1>(n, b)
        })"},
    {"TightClip", kTightClip},
    {"TightClipSigned", kTightClip, kSigned},
    {"TightClipUnsignedSymmetric", kTightClip, kUnsignedSymmetric},
    {"TightClipSignedSymmetric", kTightClip, kSignedSymmetric},
    {"Pools", R"(g (float[1,2,8,8] x, float[4,2,3,3] w1, float[3,4] w2) => (float[1,3] y) {
          c = Conv<pads = [1, 1, 1, 1]>(x, w1)
          r = Relu(c)
          m = MaxPool<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]>(r)
          a = AveragePool<kernel_shape = [2, 2], pads = [1, 1, 0, 0], count_include_pad = 1>(m)
          p = GlobalAveragePool(a)
          f = Flatten(p)
          y = Gemm<transB = 1>(f, w2)
        })"},
    {"SqueezeAndExcite",
     R"(g (float[1,4,4,4] x, float[4,4,1,1] w1, float[2,4,1,1] w2, float[4,2,1,1] w3) => (float[1,4,4,4] y) {
          c = Conv(x, w1)
          p = GlobalAveragePool(c)
          h = Conv(p, w2)
          r = Relu(h)
          e = Conv(r, w3)
          s = Sigmoid(e)
          y = Mul(c, s)
        })",
     {},
     0.05},
    {"ResizesUp", R"(g (float[1,2,4,4] x, float[2,2,1,1] w1) => (float[1,2,8,8] y, float[1,2,8,8] z, float[1,2,8,8] t)
        <float[4] scales = {1, 1, 2, 2}> {
          c = Conv(x, w1)
          y = Resize<mode = "nearest">(c, , scales)
          z = Resize<mode = "linear">(c, , scales)
          t = Resize<mode = "cubic">(c, , scales)
        })"},
    {"ActivationsWithoutFusion",
     R"(g (float[1,2,4,4] x, float[2,2,1,1] w1, float[2,2,1,1] w2) => (float[1,2,4,4] z) {
          c = Conv(x, w1)
          l = LeakyRelu<alpha = 0.1>(c)
          d = Conv(l, w2)
          h = HardSwish(d)
          t = Tanh(h)
          z = Conv(t, w2)
        })",
     {},
     0.05,
     14},
    {"QuantizedPartIsKept", R"(g (float[1,2,4,4] x, float[2,2,1,1] w1, float[2,2,1,1] w2) => (float[1,2,4,4] z)
        <float s = {0.01}, uint8 p = {128}, float t = {0.03}> {
          q = QuantizeLinear(x, s, p)
          d = DequantizeLinear(q, s, p)
          c = Conv(d, w1)
          u = QuantizeLinear(c, t, p)
          v = DequantizeLinear(u, t, p)
          e = Relu(v)
          z = Conv(e, w2)
        })"},
};

std::string nameOf(const testing::TestParamInfo<Case>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(Models, RoundTrip, testing::ValuesIn(kCases), nameOf);

}  // namespace
}  // namespace quant
