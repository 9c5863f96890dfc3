#include "quantizer/saturation_safe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "quantizer/weights.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::parseGraph;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

struct Layer {
  Graph graph;
  Tensor weights;
  WeightRows rows;
  QuantParams params;
};

Layer layerOf(const std::string& op, Tensor weights, bool per_channel = true) {
  Graph graph = parseGraph("g (float[N] x, float[N] w) => (float[N] y) { y = " + op + "(x, w) }");
  const Node& node = *graph.producer("y");
  Int8Options options;
  options.per_channel_weights = per_channel;
  QuantParams params = weightParams(node, weights, options);
  WeightRows rows(node, weights.shape());
  return {std::move(graph), std::move(weights), std::move(rows), std::move(params)};
}

SafeWeights safe(const Layer& layer) { return makeSaturationSafe(layer.weights, layer.rows, layer.params); }

/// Half of what a weight of 127 would be: one of two equal neighbours, at whichever scale suits them best.
const auto kHalf = testing::AllOf(testing::Ge(62), testing::Le(64));
const auto kMinusHalf = testing::AllOf(testing::Le(-62), testing::Ge(-64));

/// A matrix product with one output channel.
SafeWeights safeColumn(std::initializer_list<float> weights) {
  return safe(layerOf("MatMul", Tensor::of<float>({static_cast<int64_t>(weights.size()), 1}, weights)));
}

TEST(NeighboursOf, AnEvenNumberOfChannelsPairUp) {
  EXPECT_THAT(neighboursOf(2, 4), ElementsAre(Neighbours{0, 1}, Neighbours{2, 3}, Neighbours{4, 5}, Neighbours{6, 7}));
}

TEST(NeighboursOf, WithAnOddNumberBothTheWholeRowAndEachPositionPairUp) {
  // Of the row: 0-1, 2-3, 4-5. Of the second position, whose channels are 3, 4 and 5: 3-4.
  EXPECT_THAT(neighboursOf(2, 3), ElementsAre(Neighbours{0, 1}, Neighbours{2, 3}, Neighbours{3, 4}, Neighbours{4, 5}));
}

TEST(NeighboursOf, OneChannelPairsItsPositions) {
  EXPECT_THAT(neighboursOf(3, 1), ElementsAre(Neighbours{0, 1}));
  EXPECT_THAT(neighboursOf(1, 1), IsEmpty());
}

TEST(MakeSaturationSafe, TwoEqualWeightsShareTheLimit) {
  const SafeWeights result = safeColumn({127, 127});
  EXPECT_THAT(result.integers, ElementsAre(kHalf, kHalf));
  EXPECT_NEAR(result.scales[0] * static_cast<float>(result.integers[0]), 127, 0.1);
  ASSERT_EQ(result.channels.size(), 1);
  EXPECT_EQ(result.channels[0].pairs, 1);
  EXPECT_EQ(result.channels[0].scale_factor, result.scales[0]);  // it was 1
}

TEST(MakeSaturationSafe, NegativePairsSaturateAsWell) {
  EXPECT_THAT(safeColumn({-127, -127}).integers, ElementsAre(kMinusHalf, kMinusHalf));
}

TEST(MakeSaturationSafe, LeavesOppositeSigns) {
  const SafeWeights result = safeColumn({127, -127});
  EXPECT_THAT(result.integers, ElementsAre(127, -127));
  EXPECT_THAT(result.scales, ElementsAre(1.0F));
  EXPECT_THAT(result.channels, IsEmpty());
}

TEST(MakeSaturationSafe, LeavesAPairOf128) {
  EXPECT_THAT(safeColumn({127, 1}).integers, ElementsAre(127, 1));
  EXPECT_THAT(safeColumn({127, 1}).channels, IsEmpty());
}

TEST(MakeSaturationSafe, LeavesLargeWeightsThatAreNoNeighbours) {
  EXPECT_THAT(safeColumn({0, 127, 127, 0}).integers, ElementsAre(0, 127, 127, 0));
}

TEST(MakeSaturationSafe, LowersALonePairAmongManyWeights) {
  // A larger scale would cost all the others more than lowering 127 and 2 by a half costs these.
  std::vector<float> weights = {127, 2};
  for (int i = 0; i < 200; ++i) weights.push_back(static_cast<float>(i % 60));
  const SafeWeights result = safe(layerOf("MatMul", Tensor::of<float>({202, 1}, std::span<const float>(weights))));
  EXPECT_EQ(result.scales[0], 1.0F);
  EXPECT_EQ(result.integers[0] + result.integers[1], 128);
  EXPECT_EQ(result.integers[100], weights[100]);
  EXPECT_EQ(result.channels[0].lowered, 1);
}

TEST(MakeSaturationSafe, ChangesOnlyChannelsThatNeedIt) {
  // Columns (127, 127) and (127, -127).
  const SafeWeights result = safe(layerOf("MatMul", Tensor::of<float>({2, 2}, {127, 127, 127, -127})));
  EXPECT_THAT(result.integers, ElementsAre(kHalf, 127, kHalf, -127));
  EXPECT_EQ(result.scales[1], 1.0F);
  ASSERT_EQ(result.channels.size(), 1);
  EXPECT_EQ(result.channels[0].channel, 0);
}

TEST(MakeSaturationSafe, OneScaleForAllGrowsForAll) {
  const SafeWeights result = safe(layerOf("MatMul", Tensor::of<float>({2, 2}, {127, 127, 127, -127}), false));
  ASSERT_EQ(result.scales.size(), 1);
  EXPECT_GT(result.scales[0], 1.5F);
  EXPECT_THAT(result.integers, ElementsAre(kHalf, kHalf, kHalf, kMinusHalf));
  EXPECT_EQ(result.channels.size(), 1);
}

TEST(MakeSaturationSafe, LeavesDepthwiseConvolutions) {
  const SafeWeights result = safe(layerOf("Conv<group = 2>", Tensor::of<float>({2, 1, 2}, {127, 127, 127, 127})));
  EXPECT_THAT(result.integers, Each(127));
  EXPECT_THAT(result.channels, IsEmpty());
}

TEST(MakeSaturationSafe, PairsOfOddChannelsReachIntoTheNextPosition) {
  // One output channel, three input channels at two positions: the last channel of the first position and the first of
  // the second are neighbours.
  const Tensor weights = Tensor::of<float>({1, 3, 2}, {0, 127, 0, 0, 127, 0});
  EXPECT_THAT(safe(layerOf("Conv", weights.clone())).integers, ElementsAre(0, kHalf, 0, 0, kHalf, 0));
}

/// The largest |a + b| over the pairs of `group` consecutive channels at a time, as kernels lay them out.
int32_t largestSum(std::span<const int8_t> integers, const WeightRows& rows, bool within_positions) {
  int32_t largest = 0;
  const size_t period = within_positions ? rows.inputs() : rows.length();
  for (size_t row = 0; row < rows.rows(); ++row) {
    for (size_t begin = 0; begin < rows.length(); begin += period) {
      for (size_t k = begin; k + 1 < begin + period; k += 2) {
        largest = std::max(largest, std::abs(integers[rows.at(row, k)] + integers[rows.at(row, k + 1)]));
      }
    }
  }
  return largest;
}

struct Case {
  const char* op;
  Shape weights;
};

TEST(MakeSaturationSafe, NoPairOfAnyLayoutIsAboveTheLimit) {
  std::mt19937 random(7);
  const std::vector<Case> cases = {{"Conv", {8, 3, 3, 3}},        {"Conv", {8, 4, 1, 1}},         {"Conv", {5, 7, 5}},
                                   {"Conv", {4, 1, 3, 3}},        {"Conv<group = 2>", {6, 5, 3}}, {"MatMul", {33, 9}},
                                   {"Gemm<transB = 1>", {9, 34}}, {"ConvTranspose", {6, 3, 2, 2}}};
  for (const Case& each : cases) {
    for (const bool per_channel : {true, false}) {
      // Uniform numbers: nearly every row has pairs above the limit.
      Tensor weights(DataType::kFloat32, each.weights);
      for (float& weight : weights.data<float>()) weight = std::uniform_real_distribution<float>(-1, 1)(random);
      const Layer layer = layerOf(each.op, std::move(weights), per_channel);
      const SafeWeights result = safe(layer);
      EXPECT_FALSE(result.channels.empty()) << each.op;
      EXPECT_LE(largestSum(result.integers, layer.rows, false), kMostPairSum) << each.op;
      EXPECT_LE(largestSum(result.integers, layer.rows, true), kMostPairSum) << each.op;
    }
  }
}

TEST(MakeSaturationSafe, IsNoWorseThanTheSmallestScaleThatIsSafeByItself) {
  std::mt19937 random(3);
  Tensor weights(DataType::kFloat32, {64, 1});
  for (float& weight : weights.data<float>()) weight = std::normal_distribution<float>()(random);
  const auto data = weights.data<float>();
  float largest = 0;  // sum of two neighbours of one sign
  for (size_t k = 0; k < 64; k += 2) {
    if (data[k] * data[k + 1] > 0) largest = std::max(largest, std::abs(data[k] + data[k + 1]));
  }
  double simple = 0, searched = 0;
  const Layer layer = layerOf("MatMul", weights.clone());
  const SafeWeights result = safe(layer);
  const double safe_scale = std::max(largest / kMostPairSum, layer.params.scale());
  for (size_t k = 0; k < 64; ++k) {
    simple += std::pow(safe_scale * std::nearbyint(data[k] / safe_scale) - data[k], 2);
    searched += std::pow(double{result.scales[0]} * result.integers[k] - data[k], 2);
  }
  EXPECT_LE(searched, simple * 1.02);  // the simple rule may still exceed the limit by rounding
}

}  // namespace
}  // namespace quant
