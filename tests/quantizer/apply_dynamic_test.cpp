#include "quantizer/apply_dynamic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "quantizer/place_dynamic.h"
#include "quantizer/plan_dynamic.h"
#include "quantizer/plan_levels.h"
#include "runtime/executor.h"
#include "support/onnx_text.h"
#include "support/tensor_compare.h"

namespace quant {
namespace {

using test::opTypes;
using testing::ElementsAre;

Tensor randomTensor(const Shape& shape, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Tensor tensor(DataType::kFloat32, shape);
  for (float& x : tensor.data<float>()) x = normal(random);
  return tensor;
}

/// The graph of `text`, in which the inputs named in `constants` hold random numbers.
Graph graphOf(const std::string& text, const std::vector<std::string>& constants, int opset = 17) {
  onnx::ModelProto model = test::parseModel(text, opset);
  std::map<std::string, Shape> shapes;
  auto* inputs = model.mutable_graph()->mutable_input();
  for (int i = inputs->size(); i-- > 0;) {
    const std::string name = inputs->Get(i).name();
    if (std::ranges::find(constants, name) == constants.end()) continue;
    for (const auto& dim : inputs->Get(i).type().tensor_type().shape().dim()) shapes[name].push_back(dim.dim_value());
    inputs->DeleteSubrange(i, 1);
  }
  Graph graph(std::move(model));
  unsigned seed = 7;
  for (const auto& [name, shape] : shapes) graph.defineConstant(name, randomTensor(shape, seed++));
  graph.inferShapes();
  return graph;
}

struct Quantized {
  Graph graph;
  QuantizationPlan plan;
};

Quantized quantized(const Graph& graph, const DynamicOptions& options = {true, true},
                    const std::map<std::string, ChannelSpread>& spreads = {}) {
  Placement placement = placeDynamic(graph, {}, options);
  ChannelLevels levels = planLevels(graph, placement, spreads);
  QuantizationPlan plan = makeDynamicPlan(graph, std::move(placement), std::move(levels), {});
  Graph result = graph.clone();
  applyDynamic(result, plan);
  result.inferShapes();
  return {std::move(result), std::move(plan)};
}

Tensor run(const Graph& graph, const Shape& x, Backend backend = Backend::kReference, bool fuse = false) {
  NamedTensors inputs;
  for (const std::string& name : graph.inputs()) inputs[name] = randomTensor(x, 3);
  return std::move(Executor(graph, {backend, {}, fuse}).run(inputs)[0]);
}

double relativeError(const Tensor& expected, const Tensor& actual) {
  double error = 0, square = 0;
  const auto x = expected.data<float>(), y = actual.data<float>();
  for (size_t i = 0; i < x.size(); ++i) {
    error += (x[i] - y[i]) * (x[i] - y[i]);
    square += x[i] * x[i];
  }
  return std::sqrt(error / square);
}

/// The integers are within a few percent of the float model, and fused on both backends within rounding of themselves.
void expectNear(const Graph& graph, const Graph& result, const Shape& x) {
  const Tensor expected = run(graph, x), actual = run(result, x);
  EXPECT_LT(relativeError(expected, actual), 0.15);
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    SCOPED_TRACE(toString(backend));
    EXPECT_EQ(test::differenceOf(run(result, x, backend, true), actual, {1e-5, 1e-5}), std::nullopt);
  }
}

TEST(ApplyDynamic, AMatMulBecomesIntegers) {
  const Graph graph = graphOf("g (float[N,64] x, float[64,32] w) => (float[N,32] y) { y = MatMul(x, w) }", {"w"});
  const Quantized result = quantized(graph);
  EXPECT_THAT(opTypes(result.graph), ElementsAre("DynamicQuantizeLinear", "MatMulInteger", "Cast", "Mul", "Mul"));
  EXPECT_EQ(result.graph.constant("w_quantized")->type(), DataType::kInt8);
  EXPECT_EQ(result.graph.constant("w_scale")->shape(), (Shape{32}));
  expectNear(graph, result.graph, {5, 64});
}

TEST(ApplyDynamic, RunsAsTwoSteps) {
  const Graph graph = graphOf(
      "g (float[N,64] x, float[64,32] w, float[32] b) => (float[N,32] y) { m = MatMul(x, w) a = Add(m, b) y = Relu(a) "
      "}",
      {"w", "b"});
  const Quantized result = quantized(graph);
  const Executor executor(result.graph, {Backend::kOneDnn, {}, true});
  EXPECT_THAT(opTypes(executor.lowered()), ElementsAre("DynamicQuantizeLinear", "QMatMul"));
  expectNear(graph, result.graph, {5, 64});
}

TEST(ApplyDynamic, AValueIsQuantizedOnceForAllItsReaders) {
  const Graph graph = graphOf(
      "g (float[N,64] x, float[64,32] w, float[64,32] v) => (float[N,32] y) { a = MatMul(x, w) b = MatMul(x, v)"
      "y = Add(a, b) }",
      {"w", "v"});
  EXPECT_EQ(std::ranges::count(opTypes(quantized(graph).graph), "DynamicQuantizeLinear"), 1);
  expectNear(graph, quantized(graph).graph, {5, 64});
}

TEST(ApplyDynamic, WeightsOfSeveralNodesAreStoredOnce) {
  const Graph graph = graphOf(
      "g (float[N,64] x, float[64,64] w) => (float[N,64] y) { a = MatMul(x, w) b = Relu(a) y = MatMul(b, w) }", {"w"});
  const Quantized result = quantized(graph);
  EXPECT_TRUE(result.graph.isConstant("w_quantized"));
  EXPECT_FALSE(result.graph.isConstant("w_quantized_1"));
  EXPECT_FALSE(result.graph.isConstant("w"));
}

TEST(ApplyDynamic, AGemmsWeightsAreTransposedAndItsFactorsFolded) {
  const Graph graph = graphOf(
      "g (float[N,64] x, float[32,64] w, float[32] b) => (float[N,32] y) {"
      "y = Gemm<alpha = 2.0, beta = 0.5, transB = 1>(x, w, b) }",
      {"w", "b"});
  const Quantized result = quantized(graph);
  EXPECT_EQ(result.graph.constant("w_quantized")->shape(), (Shape{64, 32}));
  expectNear(graph, result.graph, {5, 64});
}

TEST(ApplyDynamic, AStackOfMatricesHasOneScaleForEachColumn) {
  const Graph graph = graphOf("g (float[3,N,32] x, float[3,32,16] w) => (float[3,N,16] y) { y = MatMul(x, w) }", {"w"});
  const Quantized result = quantized(graph);
  EXPECT_EQ(result.graph.constant("w_scale")->shape(), (Shape{16}));
  expectNear(graph, result.graph, {3, 5, 32});
}

TEST(ApplyDynamic, AVectorTimesAMatrix) {
  const Graph graph = graphOf("g (float[64] x, float[64,32] w) => (float[32] y) { y = MatMul(x, w) }", {"w"});
  expectNear(graph, quantized(graph).graph, {64});
}

TEST(ApplyDynamic, TwoActivations) {
  const Graph graph = graphOf("g (float[2,8,8] x) => (float[2,8,8] y) { z = Neg(x) y = MatMul(x, z) }", {});
  const Quantized result = quantized(graph);
  EXPECT_EQ(std::ranges::count(opTypes(result.graph), "DynamicQuantizeLinear"), 2);
  expectNear(graph, result.graph, {2, 8, 8});
}

TEST(ApplyDynamic, AConvolutionHasUnsignedWeightsAroundOneZeroPoint) {
  const Graph graph = graphOf(
      "g (float[1,8,9,9] x, float[16,4,3,3] w, float[16] b) => (float[1,16,5,5] y) {"
      "y = Conv<group = 2, strides = [2, 2], pads = [1, 1, 1, 1]>(x, w, b) }",
      {"w", "b"});
  const Quantized result = quantized(graph);
  EXPECT_EQ(result.graph.constant("w_quantized")->type(), DataType::kUInt8);
  EXPECT_EQ(result.graph.constant("w_zero_point")->data<uint8_t>()[0], 128);
  EXPECT_EQ(result.graph.constant("w_scale")->shape(), (Shape{16, 1, 1}));
  const Executor executor(result.graph, {Backend::kOneDnn, {}, true});
  EXPECT_THAT(opTypes(executor.lowered()), ElementsAre("DynamicQuantizeLinear", "QConv"));
  expectNear(graph, result.graph, {1, 8, 9, 9});
}

constexpr const char* kLstm = R"(g (float[6,2,16] x, float[2,128,16] w, float[2,128,32] r, float[2,256] b)
    => (float[2,2,32] h) { , h = LSTM<hidden_size = 32, direction = "bidirectional">(x, w, r, b) })";

TEST(ApplyDynamic, AnLstmGetsWeightsWithOneScaleForEachGate) {
  const Quantized result = quantized(graphOf(kLstm, {"w", "r", "b"}));
  EXPECT_THAT(opTypes(result.graph), ElementsAre("DynamicQuantizeLSTM"));
  EXPECT_EQ(result.graph.constant("w_quantized")->shape(), (Shape{2, 16, 128}));
  EXPECT_EQ(result.graph.constant("r_quantized")->shape(), (Shape{2, 32, 128}));
  EXPECT_EQ(result.graph.constant("r_scale")->shape(), (Shape{2, 128}));
  EXPECT_EQ(result.graph.opset("com.microsoft"), 1);
  EXPECT_EQ(run(result.graph, {6, 2, 16}).shape(), (Shape{2, 2, 32}));
}

TEST(ApplyDynamic, AnLstmOnIntegersHasNoLayout) {
  Graph graph = graphOf(kLstm, {"w", "r", "b"});
  for (Node* node : graph.nodes()) node->setAttr("layout", int64_t{0});
  const Quantized result = quantized(graph);
  EXPECT_EQ(result.graph.producer("h")->opType(), "DynamicQuantizeLSTM");
  EXPECT_FALSE(result.graph.producer("h")->hasAttr("layout"));
}

// --- levels ---------------------------------------------------------------------------------------------------------

std::map<std::string, ChannelSpread> wideFirstChannel(const std::string& value, size_t channels) {
  ChannelSpread spread{std::vector<float>(channels, -1.0F), std::vector<float>(channels, 1.0F),
                       std::vector<double>(channels, 0.3)};
  spread.high[0] = 100;
  return {{value, spread}};
}

TEST(ApplyDynamic, LevelsAreDividedBeforeAndMultipliedIntoTheWeights) {
  const Graph graph = graphOf("g (float[N,64] x, float[64,32] w) => (float[N,32] y) { y = MatMul(x, w) }", {"w"});
  const Quantized result = quantized(graph, {}, wideFirstChannel("x", 64));
  EXPECT_THAT(opTypes(result.graph),
              ElementsAre("Mul", "DynamicQuantizeLinear", "MatMulInteger", "Cast", "Mul", "Mul"));
  EXPECT_GT(result.plan.levels.at("x")[0], 2);
  expectNear(graph, result.graph, {5, 64});
}

TEST(ApplyDynamic, ALayerNormalizationThatNothingElseReadsTakesTheLevels) {
  const Graph graph = graphOf(
      "g (float[N,64] x, float[64] s, float[64] b, float[64,32] w) => (float[N,32] y) {"
      "n = LayerNormalization(x, s, b) y = MatMul(n, w) }",
      {"w", "s", "b"});
  const Quantized result = quantized(graph, {}, wideFirstChannel("n", 64));
  EXPECT_THAT(opTypes(result.graph),
              ElementsAre("LayerNormalization", "DynamicQuantizeLinear", "MatMulInteger", "Cast", "Mul", "Mul"));
  EXPECT_NE(result.graph.producer("n_levelled"), nullptr);  // 'n' would be another value than the float model's
  expectNear(graph, result.graph, {5, 64});
}

TEST(ApplyDynamic, ALayerNormalizationThatAnotherNodeReadsKeepsItsNumbers) {
  const Graph graph = graphOf(
      "g (float[N,64] x, float[64] s, float[64] b, float[64,64] w) => (float[N,64] y) {"
      "n = LayerNormalization(x, s, b) m = MatMul(n, w) y = Add(m, n) }",
      {"w", "s", "b"});
  const Quantized result = quantized(graph, {}, wideFirstChannel("n", 64));
  EXPECT_TRUE(result.graph.isConstant("s"));
  expectNear(graph, result.graph, {5, 64});
}

}  // namespace
}  // namespace quant
