#include "quantizer/apply_qdq.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "runtime/executor.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::opTypes;
using test::parseInferred;
using testing::ElementsAre;

RangeTable ranges(const std::map<std::string, Range>& by_value) {
  RangeTable table;
  for (const auto& [value, range] : by_value) table.values[value].range = range;
  return table;
}

/// Quantizes the graph of `text` with the given ranges.
Graph quantized(const std::string& text, const std::map<std::string, Range>& by_value,
                const Int8Options& options = {}) {
  Graph graph = parseInferred(text);
  applyQdq(graph, makePlan(graph, place(graph, options), ranges(by_value), options));
  return graph;
}

constexpr const char* kConvRelu = R"(g (float[1,1,1,2] x) => (float[1,1,1,2] z)
  <float[1,1,1,1] w = {0.5}, float[1] b = {0.25}> {
    c = Conv(x, w, b)
    y = Relu(c)
    z = Exp(y)
  })";

TEST(ApplyQdq, AConvWithReluBecomesOneGroup) {
  const Graph graph = quantized(kConvRelu, {{"x", {-1, 1.55F}}, {"y", {0, 2.55F}}});
  EXPECT_THAT(opTypes(graph), ElementsAre("DequantizeLinear", "DequantizeLinear", "QuantizeLinear", "DequantizeLinear",
                                          "Conv", "QuantizeLinear", "DequantizeLinear", "Exp"));
}

TEST(ApplyQdq, BiasHasTheAccumulatorsScale) {
  const Graph graph = quantized(kConvRelu, {{"x", {-1, 1.55F}}, {"y", {0, 2.55F}}});
  // x: scale 0.01, zero point 100; w: scale 0.5 / 127, integer 127; b: 0.25 / (0.01 * 0.5 / 127) = 6350
  const Node* conv = nullptr;
  for (const Node* node : graph.nodes()) conv = node->is("Conv") ? node : conv;
  const Node* bias = graph.producer(conv->input(2));
  EXPECT_EQ(graph.constant(bias->input(0))->data<int32_t>()[0], 6350);
  EXPECT_FLOAT_EQ(graph.constant(bias->input(1))->data<float>()[0], 0.01F * 0.5F / 127.0F);
  const Node* weights = graph.producer(conv->input(1));
  EXPECT_EQ(graph.constant(weights->input(0))->data<int8_t>()[0], 127);
}

TEST(ApplyQdq, RunsAsOneIntegerStep) {
  const Graph graph = quantized(kConvRelu, {{"x", {-1, 1.55F}}, {"y", {0, 2.55F}}});
  Executor executor(graph, {Backend::kReference, {}, true});
  EXPECT_THAT(opTypes(executor.lowered()), ElementsAre("QuantizeLinear", "QLinearConv", "DequantizeLinear", "Exp"));
  NamedTensors inputs;
  inputs["x"] = Tensor::of<float>({1, 1, 1, 2}, {1.0F, -1.0F});
  const auto outputs = executor.run(inputs);
  // 0.5 * 1 + 0.25 = 0.75; 0.5 * -1 + 0.25 = -0.25, which the Relu makes 0
  EXPECT_NEAR(outputs[0].data<float>()[0], std::exp(0.75F), 0.02);
  EXPECT_EQ(outputs[0].data<float>()[1], 1.0F);
}

TEST(ApplyQdq, AValueIsQuantizedOnceForAllItsReaders) {
  const Graph graph = quantized(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y, float[1,1,2,2] z)
      <float[1,1,1,1] w = {1}> {
        y = Conv(x, w)
        z = Conv(x, w)
      })",
                                {{"x", {0, 1}}, {"y", {0, 1}}, {"z", {0, 1}}});
  EXPECT_EQ(std::ranges::count(opTypes(graph), "QuantizeLinear"), 3);  // x, y, z
  // Shared weights stay shared: x, y, z and w.
  EXPECT_EQ(std::ranges::count(opTypes(graph), "DequantizeLinear"), 4);
}

TEST(ApplyQdq, AFloatReaderOfAGraphInputKeepsReadingTheInput) {
  const Graph graph = quantized(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y, float[1,1,2,2] z)
      <float[1,1,1,1] w = {1}> {
        y = Conv(x, w)
        z = Exp(x)
      })",
                                {{"x", {0, 1}}, {"y", {0, 1}}});
  EXPECT_EQ(graph.producer("z")->input(0), "x");
}

TEST(ApplyQdq, GraphOutputsKeepTheirNamesBehindTheDequantization) {
  const Graph graph = quantized(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y)
      <float[1,1,1,1] w = {1}> {
        c = Conv(x, w)
        y = Relu(c)
      })",
                                {{"x", {0, 1}}, {"y", {0, 1}}});
  EXPECT_EQ(graph.producer("y")->opType(), "DequantizeLinear");
  EXPECT_THAT(opTypes(graph), testing::Not(testing::Contains("Relu")));
}

TEST(ApplyQdq, PerTensorWeightsHaveOneScale) {
  Int8Options options;
  options.per_channel_weights = false;
  const Graph graph = quantized(R"(g (float[1,1,2,2] x) => (float[1,2,2,2] y)
      <float[2,1,1,1] w = {1, 2}> { y = Conv(x, w) })",
                                {{"x", {0, 1}}, {"y", {0, 1}}}, options);
  EXPECT_EQ(graph.constant("w_scale")->rank(), 0);
  EXPECT_THAT(graph.constant("w_quantized")->data<int8_t>(), ElementsAre(64, 127));  // 63.5 is a tie: to even
}

TEST(ApplyQdq, WeightScalesWidenWhereTheBiasWouldNotFitInt32) {
  Graph graph = parseInferred(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y)
      <float[1,1,1,1] w = {1e-9}, float[1] b = {100}> { y = Conv(x, w, b) })");
  const auto plan = makePlan(graph, place(graph, {}), ranges({{"x", {0, 1}}, {"y", {0, 100}}}), {});
  EXPECT_EQ(plan.weights.at("y").widened_channels, 1);
  applyQdq(graph, plan);
  const int32_t bias = graph.constant("b_quantized")->data<int32_t>()[0];
  const float scale = graph.constant("b_quantized_scale")->data<float>()[0];
  EXPECT_NEAR(static_cast<float>(bias) * scale, 100.0F, 1e-3);
}

TEST(ApplyQdq, AValueThatASubgraphReadsStaysThereInFloat) {
  const Graph graph = quantized(R"(g (float[1,1,2,2] x, bool k) => (float[1,1,2,2] z, float[1,1,2,2] y)
      <float[1,1,1,1] w = {1}> {
        c = Conv(x, w)
        r = Relu(c)
        y = Conv(r, w)
        z = If(k) <then_branch = t () => (float[1,1,2,2] a) { a = Exp(r) },
                   else_branch = e () => (float[1,1,2,2] b) { b = Neg(r) }>
      })",
                                {{"x", {0, 1}}, {"c", {-1, 1}}, {"r", {0, 1}}, {"y", {0, 1}}});
  EXPECT_EQ(graph.producer("r")->opType(), "Relu");
}

TEST(ApplyQdq, ANodeMayLeaveItsFirstOutputOut) {
  const Graph graph = quantized(R"(g (float[3,1,2] x) => (float[1,1] y)
      <float[1,4,2] w = {1, 2, 3, 4, 5, 6, 7, 8}, float[1,4,1] r = {1, 2, 3, 4}, float[1,1] m = {1}, int64[2] s = {1, 1}> {
        , h = LSTM<hidden_size = 1>(x, w, r)
        f = Reshape(h, s)
        y = Gemm(f, m)
      })",
                                {{"f", {-1, 1}}});
  EXPECT_EQ(graph.producer("y")->input(0), "f_dequantized");
}

TEST(ApplyQdq, AReluIsKeptWhereTheStoredRangeReachesBelowIt) {
  Int8Options options;
  options.activation_type = DataType::kInt8;  // all-zero data: scale 1, zero point 0, so -128 can be stored
  const Graph graph = quantized(kConvRelu, {{"x", {-1, 1}}, {"y", {0, 0}}}, options);
  EXPECT_THAT(opTypes(graph), testing::Contains("Relu"));
}

TEST(ApplyQdq, TheScaleOfABiasIsNeverTooSmallForAFloat) {
  const Graph graph = quantized(R"(g (float[1,1,1,2] x) => (float[1,1,1,2] y)
      <float[1,1,1,1] w = {1e-30}, float[1] b = {0}> { y = Conv(x, w, b) })",
                                {{"x", {0, 1e-20F}}, {"y", {0, 1}}});
  EXPECT_GE(graph.constant("b_quantized_scale")->data<float>()[0], std::numeric_limits<float>::min() * 0.99F);
}

// --- levels ---------------------------------------------------------------------------------------------------------

/// The same with the channels of 'h' divided by `levels`, and then in `range`.
Graph levelled(const std::string& text, const std::vector<float>& levels, Range range) {
  Graph graph = parseInferred(text);
  RangeTable table = ranges({{"h", range}});
  table.values["h"].levels = levels;
  Int8Options options;
  options.target = Target::kX86Vnni;  // weights that are easy to follow
  applyQdq(graph, makePlan(graph, place(graph, options), table, options));
  return graph;
}

constexpr const char* kProduct = R"(g (float[N,2] x) => (float[N,1] y) <float[2,1] w = {8, 1}> {
    h = Neg(x) y = MatMul(h, w) })";

TEST(ApplyQdq, ChannelsAreDividedByTheirLevelsAndWeightsMultiplied) {
  const Graph graph = levelled(kProduct, {0.5F, 4}, {-1, 1});
  EXPECT_THAT(opTypes(graph),
              ElementsAre("Neg", "DequantizeLinear", "Mul", "QuantizeLinear", "DequantizeLinear", "MatMul"));
  EXPECT_THAT(graph.constant("h_level")->data<float>(), ElementsAre(2, 0.25F));
  EXPECT_THAT(graph.constant("w_quantized")->data<int8_t>(), ElementsAre(127, 127));  // of 8 * 0.5 and 1 * 4
  NamedTensors inputs;
  inputs["x"] = Tensor::of<float>({1, 2}, {-0.5F, 4});
  EXPECT_NEAR(Executor(graph, {}).run(inputs)[0].data<float>()[0], 0.5F * 8 - 4, 0.05);
}

TEST(ApplyQdq, OtherReadersOfALevelledValueReadItAsItWas) {
  const Graph graph = levelled(R"(g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {8, 1, 1, 8}> {
      h = Neg(x) m = MatMul(h, w) y = Mul(m, h) })",
                               {0.5F, 4}, {-1, 1});
  EXPECT_EQ(graph.producer("y")->input(1), "h");
}

TEST(ApplyQdq, WhatATableOfStoredWeightsGivesIsNoInteger) {
  for (const std::vector<float>& levels : {std::vector<float>(), {0.5F, 4}}) {
    Graph graph = parseInferred(R"(g (int64[3] i) => (float[3,2] h, float[3,2] y)
        <float[2,2] t = {1, 2, 3, 4}, float[2,2] w = {8, 1, 1, 8}> {
          h = Gather(t, i) m = MatMul(h, w) y = Add(m, h) })");
    RangeTable table = ranges({{"h", {-4, 4}}});
    table.values["h"].levels = levels;
    QuantizationPlan plan = makePlan(graph, place(graph, {}), table, {});
    plan.nodes[0].treatment = Treatment::kWeights;
    applyQdq(graph, plan);
    EXPECT_TRUE(graph.producer("h")->is("Gather"));
    EXPECT_EQ(graph.producer("y")->input(1), "h");
    EXPECT_TRUE(graph.producer(graph.producer("m")->input(0))->is("DequantizeLinear"));
  }
}

TEST(ApplyQdq, ALayerNormalizationThatNothingElseReadsTakesTheLevels) {
  const Graph graph = levelled(R"(g (float[N,2] x) => (float[N,1] y)
      <float[2] s = {1, 2}, float[2] b = {3, 4}, float[2,1] w = {8, 1}> {
        h = LayerNormalization(x, s, b) y = MatMul(h, w) })",
                               {0.5F, 4}, {-1, 1});
  EXPECT_THAT(opTypes(graph), testing::Not(testing::Contains("Mul")));
  const Node& normalization = *graph.producer("h_levelled");
  EXPECT_THAT(graph.constant(normalization.input(1))->data<float>(), ElementsAre(2, 0.5F));
  EXPECT_THAT(graph.constant(normalization.input(2))->data<float>(), ElementsAre(6, 1));
}

TEST(ApplyQdq, FactorsBehindANormalizationTakeTheLevels) {
  for (const char* node : {"SimplifiedLayerNormalization(x, s)", "Mul(x, s)", "Mul(s, x)"}) {
    const Graph graph = levelled(
        "g (float[N,2] x) => (float[N,1] y) <float[2] s = {1, 2}, float[2,1] w = {8, 1}> { h = " + std::string(node) +
            " y = MatMul(h, w) }",
        {0.5F, 4}, {-1, 1});
    EXPECT_THAT(opTypes(graph), testing::SizeIs(5)) << node;
    EXPECT_THAT(graph.constant("s_levelled")->data<float>(), ElementsAre(2, 0.5F)) << node;
  }
}

TEST(ApplyQdq, FactorsThatAreNoChannelsStayAsTheyAre) {
  for (const char* factor : {"float s = {2}", "float[1] s = {2}", "float[2,1] s = {1, 2}"}) {
    const Graph graph = levelled("g (float[2,2] x) => (float[2,1] y) <" + std::string(factor) +
                                     ", float[2,1] w = {8, 1}> { h = Mul(x, s) y = MatMul(h, w) }",
                                 {0.5F, 4}, {-1, 1});
    EXPECT_NE(graph.constant("h_level"), nullptr) << factor;
  }
}

TEST(MakePlan, AClampDoesNotLimitTheRangeOfWhatWasDividedBehindIt) {
  Graph graph = parseInferred(R"(g (float[N,2] x) => (float[N,1] y) <float[2,1] w = {8, 1}> {
      h = Sigmoid(x) c = Relu(h) y = MatMul(c, w) })");
  RangeTable table = ranges({{"c", {0, 8}}});
  table.values["c"].levels = {0.1F, 1};
  const auto plan = makePlan(graph, place(graph, {}), table, {});
  EXPECT_NEAR(plan.activations.at("c").representable().high, 8, 0.01);
  EXPECT_THAT(plan.nodes.back().reason, testing::HasSubstr("levelled"));
}

TEST(MakePlan, LevelsThatTheReadersDoNotAllowAreAnError) {
  Graph graph = parseInferred(R"(g (float[2,2] x) => (float[2,2] y) <float[2,2] w = {8, 1, 1, 8}> {
      h = Neg(x) a = MatMul(h, w) b = MatMul(a, h) y = Exp(b) })");
  RangeTable table = ranges({{"h", {0, 1}}, {"a", {0, 1}}});
  table.values["h"].levels = {1, 2};
  try {
    makePlan(graph, place(graph, {}), table, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("the range of 'h' is that of its levelled channels"));
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
  }
}

TEST(MakePlan, LevelsThatTheUserDoesNotWantAreAnError) {
  Graph graph = parseInferred(kProduct);
  RangeTable table = ranges({{"h", {0, 1}}});
  table.values["h"].levels = {1, 2};
  Int8Options options;
  EXPECT_NO_THROW(makePlan(graph, place(graph, options), table, options));
  options.levels = false;
  EXPECT_THROW(makePlan(graph, place(graph, options), table, options), Error);
}

TEST(MakePlan, LevelsOfAnotherNumberOfChannelsAreAnError) {
  EXPECT_THROW(levelled(kProduct, {1, 2, 3}, {-1, 1}), Error);
}

TEST(MakePlan, ABiasThatNoScaleCanHoldIsAnErrorWithItsName) {
  Graph graph = parseInferred(R"(g (float[1,1,1,2] x) => (float[1,1,1,2] y)
      <float[1,1,1,1] w = {1}, float[1] b = {1e30}> { [conv] y = Conv(x, w, b) })");
  try {
    makePlan(graph, place(graph, {}), ranges({{"x", {0, 1e-25F}}, {"y", {0, 1}}}), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::StartsWith("the bias 'b' of node 'conv' is too large to stand beside activations of"));
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
  }
}

TEST(MakePlan, ARangeThatIsMissingNamesTheValue) {
  Graph graph = parseInferred(kConvRelu);
  try {
    makePlan(graph, place(graph, {}), ranges({{"x", {0, 1}}}), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "the table of ranges does not hold 'y'; calibrate again with this model and these options");
  }
}

TEST(MakePlan, NonFiniteValuesAndDeadTensorsAreWarnedAbout) {
  Graph graph = parseInferred(kConvRelu);
  RangeTable table = ranges({{"x", {0, 1}}, {"y", {0, 0}}});
  table.values["x"].non_finite = 3;
  const auto plan = makePlan(graph, place(graph, {}), table, {});
  EXPECT_THAT(plan.warnings, ElementsAre("'x' held 3 values that are not finite; they were left out of its range",
                                         "'y' was zero in every sample; do the samples exercise the model?"));
}

}  // namespace
}  // namespace quant
