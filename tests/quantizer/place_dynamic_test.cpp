#include "quantizer/place_dynamic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/onnx_text.h"

namespace quant {
namespace {

using test::parseInferred;
using testing::HasSubstr;

/// Adds the weights `name` of `shape`, all one.
void addWeights(Graph& graph, const std::string& name, const Shape& shape) {
  Tensor weights(DataType::kFloat32, shape);
  std::ranges::fill(weights.data<float>(), 1.0F);
  graph.defineConstant(name, std::move(weights));
}

NodePlacement placed(const Graph& graph, const DynamicOptions& options = {}, const Int8Options& int8 = {}) {
  return placeDynamic(graph, int8, options).node("y");
}

constexpr const char* kMatMul = "g (float[N,64] x, float[64,32] w) => (float[N,32] y) { y = MatMul(x, w) }";

/// The graph of `text`, in which `w` is a constant instead of an input.
Graph constantWeights(const std::string& text, const Shape& shape) {
  onnx::ModelProto model = test::parseModel(text);
  auto* inputs = model.mutable_graph()->mutable_input();
  for (int i = inputs->size(); i-- > 0;) {
    if (inputs->Get(i).name() == "w") inputs->DeleteSubrange(i, 1);
  }
  Graph graph(std::move(model));
  addWeights(graph, "w", shape);
  graph.inferShapes();
  return graph;
}

TEST(PlaceDynamic, AMatMulWithConstantWeightsIsQuantized) {
  const Graph graph = constantWeights(kMatMul, {64, 32});
  EXPECT_EQ(placed(graph).treatment, Treatment::kDynamic);
  EXPECT_EQ(placeDynamic(graph, {}, {}).weights.at("y"), 1);
}

TEST(PlaceDynamic, FewWeightsGainNothing) {
  const Graph graph = constantWeights("g (float[N,8] x, float[8,8] w) => (float[N,8] y) { y = MatMul(x, w) }", {8, 8});
  EXPECT_EQ(placed(graph).treatment, Treatment::kFloat);
  EXPECT_EQ(placed(graph).reason, "its 64 weights are too few to gain anything");
}

TEST(PlaceDynamic, FewWeightsAreQuantizedWhenTheUserNamesThem) {
  const Graph graph = constantWeights("g (float[N,8] x, float[8,8] w) => (float[N,8] y) { y = MatMul(x, w) }", {8, 8});
  Int8Options int8;
  int8.selection.include_ops = {"MatMul"};
  EXPECT_EQ(placed(graph, {}, int8).treatment, Treatment::kDynamic);
}

TEST(PlaceDynamic, AVectorOfWeightsStaysFloat) {
  const Graph graph = constantWeights("g (float[N,64] x, float[64] w) => (float[N] y) { y = MatMul(x, w) }", {64});
  EXPECT_EQ(placed(graph).reason, "its weights 'w' are a vector");
}

TEST(PlaceDynamic, AConvolutionWaitsToBeAskedFor) {
  const Graph graph = constantWeights(
      "g (float[1,8,9,9] x, float[16,8,3,3] w) => (float[1,16,7,7] y) { y = Conv(x, w) }", {16, 8, 3, 3});
  EXPECT_EQ(placed(graph).reason, "a convolution; --dynamic-conv quantizes it");
  EXPECT_EQ(placed(graph, {.convolutions = true}).treatment, Treatment::kDynamic);
}

TEST(PlaceDynamic, TwoActivationsWaitToBeAskedFor) {
  const Graph graph = parseInferred("g (float[N,64] x, float[64,N] z) => (float[N,N] y) { y = MatMul(x, z) }");
  EXPECT_EQ(placed(graph).reason, "multiplies two activations; --dynamic-products quantizes them");
  EXPECT_EQ(placed(graph, {.two_activations = true}).treatment, Treatment::kDynamic);
  EXPECT_TRUE(placeDynamic(graph, {}, {.two_activations = true}).weights.empty());
}

TEST(PlaceDynamic, AGemmWithAlphaAndBetaIsQuantized) {
  const Graph graph = constantWeights(
      "g (float[N,64] x, float[32,64] w) => (float[N,32] y) { y = Gemm<alpha = 2.0, beta = 0.5, transB = 1>(x, w) }",
      {32, 64});
  EXPECT_EQ(placed(graph).treatment, Treatment::kDynamic);
}

TEST(PlaceDynamic, ATransposedActivationStaysFloat) {
  const Graph graph =
      constantWeights("g (float[64,N] x, float[64,32] w) => (float[N,32] y) { y = Gemm<transA = 1>(x, w) }", {64, 32});
  EXPECT_EQ(placed(graph).reason, "its activation is transposed (transA)");
}

constexpr const char* kLstm = R"(g (float[S,1,16] x, float[1,128,16] w, float[1,128,32] r) => (float[1,1,32] y) {
    , y = LSTM<hidden_size = 32>(x, w, r)
  })";

Graph lstm() {
  onnx::ModelProto model = test::parseModel(kLstm);
  model.mutable_graph()->mutable_input()->DeleteSubrange(1, 2);
  Graph graph(std::move(model));
  addWeights(graph, "w", {1, 128, 16});
  addWeights(graph, "r", {1, 128, 32});
  return graph;
}

TEST(PlaceDynamic, AnLstmIsNamedByTheFirstOutputThatIsThere) {
  EXPECT_EQ(placed(lstm()).treatment, Treatment::kDynamic);
  EXPECT_EQ(placed(lstm()).op_type, "LSTM");
}

TEST(PlaceDynamic, AnLstmStaysFloatWhereOnlyStandardOperatorsAreWanted) {
  EXPECT_EQ(placed(lstm(), {.format = OperatorFormat::kQdq}).reason,
            "ONNX has no LSTM on integers; --format ms writes com.microsoft's");
}

TEST(PlaceDynamic, ExcludedNodesStayFloat) {
  const Graph graph = constantWeights(kMatMul, {64, 32});
  Int8Options int8;
  int8.selection.exclude_ops = {"MatMul"};
  EXPECT_THAT(placed(graph, {}, int8).reason, HasSubstr("--exclude-op"));
}

}  // namespace
}  // namespace quant
