#include "quantizer/weight_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantizer/input_means.h"
#include "quantizer/plan.h"
#include "quantizer/weights.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::parseGraph;
using test::parseInferred;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RangeEntry seen(Range range, std::vector<float> means = {}) {
  RangeEntry entry;
  entry.range = range;
  entry.channel_axis = 1;
  entry.channel_means = std::move(means);
  return entry;
}

Int8Options optionsOf(Target target, WeightRounding rounding = WeightRounding::kBalanced) {
  Int8Options options;
  options.target = target;
  options.rounding = rounding;
  return options;
}

/// The plan for the node that computes y.
WeightPlan planned(const std::string& text, const RangeEntry& x, const Int8Options& options) {
  Graph graph = parseInferred(text);
  RangeTable ranges;
  ranges.values = {{"x", x}, {"y", seen({-1, 1})}, {"z", seen({-1, 1})}};
  return makePlan(graph, place(graph, options), ranges, options).weights.at("y");
}

const auto kHalf = testing::AllOf(testing::Ge(62), testing::Le(64));

constexpr const char* kPair = R"(g (float[1,2,1,1] x) => (float[1,1,1,1] y)
  <float[1,2,1,1] w = {127, 127}, float[1] b = {0}> { y = Conv(x, w, b) })";

TEST(PlanWeights, ForX86LowersAPairThatWouldSaturate) {
  const WeightPlan plan = planned(kPair, seen({0, 255}), optionsOf(Target::kX86));
  EXPECT_THAT(plan.integers, ElementsAre(kHalf, kHalf));
  EXPECT_EQ(plan.unsafePairs(), 1);
}

TEST(PlanWeights, ForX86VnniLeavesWeightsAndScalesAsTheyAre) {
  const WeightPlan plan = planned(kPair, seen({0, 255}), optionsOf(Target::kX86Vnni));
  EXPECT_THAT(plan.integers, ElementsAre(127, 127));
  EXPECT_THAT(plan.params.scales(), ElementsAre(1.0F));
  EXPECT_THAT(plan.changed_channels, IsEmpty());
}

TEST(PlanWeights, SignedActivationsSaturateTheSamePairs) {
  // Kernels without VNNI add 128 to signed activations first.
  Int8Options options = optionsOf(Target::kX86);
  options.activation_type = DataType::kInt8;
  EXPECT_THAT(planned(kPair, seen({0, 255}), options).integers, ElementsAre(kHalf, kHalf));
}

TEST(PlanWeights, SaysWhatWasChangedAndWhy) {
  const WeightPlan plan = planned(kPair, seen({0, 255}), optionsOf(Target::kX86));
  EXPECT_EQ(describe(plan, true),
            "int8 weights, one scale per output channel, int32 bias; 1 of 1 channels changed against saturation (1 "
            "pairs of neighbours above 128)");
}

TEST(PlanWeights, SaysNothingOfSaturationWhereNothingWasChanged) {
  const WeightPlan plan = planned(kPair, seen({0, 255}), optionsOf(Target::kX86Vnni));
  EXPECT_EQ(describe(plan, true), "int8 weights, one scale per output channel, int32 bias");
}

constexpr const char* kUneven = R"(g (float[1,4,1,1] x) => (float[1,1,1,1] y)
  <float[1,4,1,1] w = {127, -10.4, -10.4, -10.4}, float[1] b = {5}> { y = Conv(x, w, b) })";

TEST(PlanWeights, BalancesErrorsAndLeavesTheRestToTheBias) {
  // Scale 1. The errors 0.4 add up to 1.2, of which one move takes 1; the bias takes 0.2 times the mean, which is 2.
  const WeightPlan plan = planned(kUneven, seen({0, 255}, {2, 2, 2, 2}), optionsOf(Target::kX86Vnni));
  EXPECT_THAT(plan.integers, ElementsAre(127, -11, -10, -10));
  EXPECT_EQ(plan.balanced, 1);
  ASSERT_EQ(plan.bias.size(), 1);
  EXPECT_NEAR(plan.bias[0], 5 - 0.2 * 2, 1e-4);
}

TEST(PlanWeights, WeightsOfSeveralNodesAreTheSameForAll) {
  const std::string text = R"(g (float[1,4,1,1] x) => (float[1,1,1,1] y, float[1,1,1,1] z)
    <float[1,4,1,1] w = {127, -10.4, -10.4, -10.4}, float[1] b = {5}> { y = Conv(x, w, b) z = Conv(x, w) })";
  const WeightPlan plan = planned(text, seen({0, 255}, {2, 2, 2, 2}), optionsOf(Target::kX86Vnni));
  EXPECT_THAT(plan.integers, ElementsAre(127, -10, -10, -10));
  EXPECT_NEAR(plan.bias.at(0), 5 - 1.2 * 2, 1e-4) << "the bias takes what is left";
}

TEST(PlanWeights, RoundsToNearestWhenAskedOrWithoutMeans) {
  const auto nearest = optionsOf(Target::kX86Vnni, WeightRounding::kNearest);
  for (const WeightPlan& plan : {planned(kUneven, seen({0, 255}, {2, 2, 2, 2}), nearest),
                                 planned(kUneven, seen({0, 255}), optionsOf(Target::kX86Vnni))}) {
    EXPECT_THAT(plan.integers, ElementsAre(127, -10, -10, -10));
    EXPECT_THAT(plan.bias, IsEmpty());
  }
}

TEST(InputMeans, CountAPositionAsOftenAsItLiesOverTheInput) {
  // Three outputs; the first position of the window lies in the padding for one of them, as does the last.
  Graph graph = parseInferred(R"(g (float[1,1,3] x) => (float[1,1,3] y)
    <float[1,1,3] w = {1, 1, 1}> { y = Conv<pads = [1, 1]>(x, w) })");
  RangeTable ranges;
  ranges.values = {{"x", seen({0, 1}, {6})}};
  const Node& conv = *graph.producer("y");
  const auto means = InputMeans::find(graph, conv, WeightRows(conv, {1, 1, 3}), ranges);
  EXPECT_THAT(means.value().ofRow(0), ElementsAre(4, 6, 4));
}

TEST(InputMeans, AreThoseOfTheRowsGroup) {
  Graph graph = parseInferred(R"(g (float[1,2,4] x) => (float[1,2,4] y)
    <float[2,1,1] w = {1, 1}> { y = Conv<group = 2>(x, w) })");
  RangeTable ranges;
  ranges.values = {{"x", seen({0, 1}, {3, 7})}};
  const Node& conv = *graph.producer("y");
  const auto means = InputMeans::find(graph, conv, WeightRows(conv, {2, 1, 1}), ranges);
  EXPECT_THAT(means.value().ofRow(1), ElementsAre(7));
}

TEST(InputMeans, AreMissingWhereNoneOrOthersWereGathered) {
  Graph graph = parseGraph("g (float[1,2] x) => (float[1,1] y) <float[2,1] w = {1, 1}> { y = Gemm(x, w) }");
  const Node& gemm = *graph.producer("y");
  const WeightRows rows(gemm, {2, 1});
  RangeTable ranges;
  EXPECT_FALSE(InputMeans::find(graph, gemm, rows, ranges));
  ranges.values = {{"x", seen({0, 1})}};
  EXPECT_FALSE(InputMeans::find(graph, gemm, rows, ranges));
  ranges.values = {{"x", seen({0, 1}, {1, 2, 3})}};
  EXPECT_FALSE(InputMeans::find(graph, gemm, rows, ranges));
}

TEST(MeansList, NamesWhatNodesWithInt8WeightsRead) {
  Graph graph = parseInferred(R"(g (float[1,2,4,4] x) => (float[1,2] y)
    <float[2,2,1,1] w = {1, 1, 1, 1}, float[2,2] v = {1, 1, 1, 1}> {
      c = Conv(x, w)
      p = GlobalMaxPool(c)
      f = Flatten(p)
      y = MatMul(f, v)
    })");
  const auto axes = meansList(graph, place(graph, {}));
  EXPECT_THAT(axes, ElementsAre(testing::Pair("f", -1), testing::Pair("x", 1)));
}

TEST(Targets, HaveNamesOfTheirOwn) {
  EXPECT_EQ(rowOf(Target::kX86).name, "x86");
  EXPECT_EQ(rowOf(Target::kX86Vnni).name, "x86-vnni");
}

}  // namespace
}  // namespace quant
