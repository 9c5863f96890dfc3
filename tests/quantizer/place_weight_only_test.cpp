#include "quantizer/place_weight_only.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "quantizer/apply_weight_only.h"
#include "quantizer/weight_only_testing.h"

namespace quant {
namespace {

using Form = WeightUse::Form;
using test::graphWithWeights;
using test::wave;
using testing::ElementsAre;
using testing::HasSubstr;

/// MatMul(x [1, 64], w [64, 32]) and whatever else reads w.
Graph matMul(const std::string& more = "") {
  return graphWithWeights("g (float[1,64] x) => (float[1,32] y, float[64,32] z) { y = MatMul(x, w) " + more + " }",
                          {{"w", {64, 32}}});
}

WeightOnlyOptions fourBits(OperatorFormat format = OperatorFormat::kAuto) {
  WeightOnlyOptions options;
  options.bits = 4;
  options.format = format;
  return options;
}

std::string reasonOf(const QuantizationPlan& plan, const std::string& output) {
  return std::ranges::find(plan.nodes, output, &NodePlacement::output)->reason;
}

TEST(PlaceWeightOnly, ColumnsOfAProductHaveAScaleEach) {
  const auto plan = planWeightStorage(matMul(), {});
  ASSERT_EQ(plan.stored.size(), 1U);
  EXPECT_EQ(plan.stored[0].constant, "w");
  EXPECT_EQ(plan.stored[0].storage, (WeightStorage{DataType::kInt8, 1, 0, false, false}));
  EXPECT_EQ(plan.stored[0].uses[0].form, Form::kDequantized);
  EXPECT_EQ(plan.nodes[0].treatment, Treatment::kWeights);
}

TEST(PlaceWeightOnly, BlocksLieAlongWhatIsSummedUp) {
  const auto plan = planWeightStorage(matMul(), fourBits());
  EXPECT_EQ(plan.stored.at(0).storage, (WeightStorage{DataType::kUInt4, 0, 32, true, false}));
  WeightOnlyOptions symmetric = fourBits();
  symmetric.symmetric = true;
  EXPECT_EQ(planWeightStorage(matMul(), symmetric).stored.at(0).storage,
            (WeightStorage{DataType::kInt4, 0, 32, false, false}));
}

TEST(PlaceWeightOnly, MicrosoftsFormatReadsTheIntegersItself) {
  const auto plan = planWeightStorage(matMul(), fourBits(OperatorFormat::kMicrosoft));
  EXPECT_EQ(plan.stored.at(0).uses.at(0).form, Form::kMatMulNBits);
}

TEST(PlaceWeightOnly, ATransposedGemmTurnsItsAxes) {
  const Graph graph =
      graphWithWeights("g (float[1,64] x) => (float[1,32] y) { y = Gemm<transB=1>(x, w) }", {{"w", {32, 64}}});
  EXPECT_EQ(planWeightStorage(graph, {}).stored.at(0).storage.axis, 0);
  EXPECT_EQ(planWeightStorage(graph, fourBits()).stored.at(0).storage.axis, 1);
}

TEST(PlaceWeightOnly, ProductsThatOnnxruntimeFusedAreStored) {
  const Graph graph = graphWithWeights(R"(g (float[1,4,64] x, float[96] bias) => (float[1,4,32] y) {
      a = com.microsoft.Attention<num_heads = 4>(x, qkv, bias)
      b = com.microsoft.FusedMatMul<alpha = 0.5>(a, m)
      y = com.microsoft.FusedMatMul<transB = 1>(b, m)
    })",
                                       {{"qkv", {64, 96}}, {"m", {32, 32}}});
  const auto plan = planWeightStorage(graph, {});
  ASSERT_EQ(plan.stored.size(), 1U);  // `m` is read turned around too
  EXPECT_EQ(plan.stored[0].constant, "qkv");
  EXPECT_EQ(plan.stored[0].storage, (WeightStorage{DataType::kInt8, 1, 0, false, false}));
  EXPECT_EQ(planWeightStorage(graph, fourBits()).stored.at(0).storage.axis, 0);
}

TEST(PlaceWeightOnly, ConvolutionsKeepEightBits) {
  const Graph graph =
      graphWithWeights("g (float[1,16,8,8] x) => (float[1,32,6,6] y) { y = Conv(x, w) }", {{"w", {32, 16, 3, 3}}});
  const auto plan = planWeightStorage(graph, fourBits());
  EXPECT_EQ(plan.stored.at(0).storage, (WeightStorage{DataType::kInt8, 0, 0, false, false}));
  EXPECT_THAT(reasonOf(plan, "y"), HasSubstr("4 bits are for MatMul, Gemm and Gather"));
}

TEST(PlaceWeightOnly, ALayerWithoutItsFirstOutputIsNamedByTheNext) {
  const Graph graph = graphWithWeights(R"(g (float[5,1,16] x) => (float[1,1,24] h) {
      , h = LSTM<hidden_size = 24>(x, w, r)
    })",
                                       {{"w", {1, 96, 16}}, {"r", {1, 96, 24}}});
  const auto plan = planWeightStorage(graph, {});
  EXPECT_EQ(plan.nodes.at(0).output, "h");
  ASSERT_EQ(plan.stored.size(), 2U);
  EXPECT_EQ(plan.stored[0].uses.at(0).output, "h");
  Graph result = graph.clone();
  applyWeightStorage(result, plan, {});
  EXPECT_EQ(result.producer(result.producer("h")->input(1))->opType(), "DequantizeLinear");
}

TEST(PlaceWeightOnly, TheInputAndStateWeightsOfRecurrentLayersAreStored) {
  const Graph graph = graphWithWeights(R"(g (float[5,1,16] x) => (float[5,1,1,24] y) {
      y = LSTM<hidden_size = 24>(x, w, r)
    })",
                                       {{"w", {1, 96, 16}}, {"r", {1, 96, 24}}});
  const auto plan = planWeightStorage(graph, {});
  ASSERT_EQ(plan.stored.size(), 2U);
  EXPECT_EQ(plan.stored[0].storage.axis, 1);
  EXPECT_EQ(plan.stored[1].uses[0].input, 2);
}

TEST(PlaceWeightOnly, TablesAreLookedUpAsIntegers) {
  const Graph graph =
      graphWithWeights("g (int64[1,3] i) => (float[1,3,64] y) { y = Gather(w, i) }", {{"w", {100, 64}}});
  EXPECT_EQ(planWeightStorage(graph, {}).stored.at(0).uses.at(0).form, Form::kLookedUp);
  EXPECT_EQ(planWeightStorage(graph, fourBits()).stored.at(0).uses.at(0).form, Form::kBlocksLookedUp);
  EXPECT_EQ(planWeightStorage(graph, fourBits(OperatorFormat::kMicrosoft)).stored.at(0).uses.at(0).form,
            Form::kGatherBlockQuantized);
}

TEST(PlaceWeightOnly, WeightsThatAreReadInFloatTooStayFloat) {
  const auto plan = planWeightStorage(matMul("z = Exp(w)"), {});
  EXPECT_TRUE(plan.stored.empty());
  EXPECT_THAT(reasonOf(plan, "y"), HasSubstr("'w' are read in float by"));
}

TEST(PlaceWeightOnly, SmallWeightsStayFloat) {
  const Graph graph = graphWithWeights("g (float[1,4] x) => (float[1,8] y) { y = MatMul(x, w) }", {{"w", {4, 8}}});
  const auto plan = planWeightStorage(graph, {});
  EXPECT_TRUE(plan.stored.empty());
  EXPECT_EQ(reasonOf(plan, "y"), "it has only 32 weights");
}

TEST(PlaceWeightOnly, WeightsThatAreNotFiniteStayFloat) {
  Graph graph = matMul();
  graph.removeConstant("w");
  Tensor weights = wave({64, 32});
  weights.data<float>()[7] = std::numeric_limits<float>::infinity();
  graph.defineConstant("w", std::move(weights));
  EXPECT_THAT(reasonOf(planWeightStorage(graph, {}), "y"), HasSubstr("hold NaN or infinity"));
}

TEST(PlaceWeightOnly, ExcludedNodesKeepTheirWeights) {
  WeightOnlyOptions options;
  options.selection.exclude_ops = {"MatMul"};
  const auto plan = planWeightStorage(matMul(), options);
  EXPECT_TRUE(plan.stored.empty());
  EXPECT_EQ(plan.nodes[0].treatment, Treatment::kFloat);
}

TEST(PlaceWeightOnly, TheValueThatWeightsMeetIsWatched) {
  EXPECT_THAT(momentsList(planWeightStorage(matMul(), {})), ElementsAre("x"));
}

}  // namespace
}  // namespace quant
