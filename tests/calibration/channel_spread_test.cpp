#include "calibration/channel_spread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "support/onnx_text.h"

namespace quant {
namespace {

using testing::ElementsAre;

TEST(ChannelSpread, HoldsTheEndsAndTheMeanSquareOfEachChannel) {
  ChannelSpreadObserver observer;
  observer.observe(Tensor::of<float>({2, 2}, {1, -3, 3, 4}));
  const ChannelSpread spread = observer.spread();
  EXPECT_THAT(spread.low, ElementsAre(0, -3));  // a range always holds zero
  EXPECT_THAT(spread.high, ElementsAre(3, 4));
  EXPECT_THAT(spread.mean_square, ElementsAre(5, 12.5));
}

TEST(ChannelSpread, DoesNotDependOnWhoSawWhichTensor) {
  const Tensor first = Tensor::of<float>({1, 2}, {1e-3F, 5}), second = Tensor::of<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  ChannelSpreadObserver one, left, right;
  one.observe(first);
  one.observe(second);
  left.observe(second);
  right.observe(first);
  left.merge(right);
  EXPECT_EQ(left.spread(), one.spread());
}

TEST(ChannelSpread, ATensorWithNaNIsLeftOut) {
  ChannelSpreadObserver observer;
  observer.observe(Tensor::of<float>({2}, {1, 2}));
  observer.observe(Tensor::of<float>({2}, {std::numeric_limits<float>::quiet_NaN(), 9}));
  EXPECT_THAT(observer.spread().high, ElementsAre(1, 2));
}

TEST(ChannelSpread, TensorsOfDifferentWidthsHaveNone) {
  ChannelSpreadObserver observer;
  observer.observe(Tensor::of<float>({2}, {1, 2}));
  observer.observe(Tensor::of<float>({3}, {1, 2, 3}));
  EXPECT_TRUE(observer.spread().low.empty());
}

TEST(CollectSpread, RunsTheSamplesAndLooksAtInputsAndComputedValues) {
  const Graph graph = test::parseGraph("g (float[1,2] x) => (float[1,2] y) { h = Neg(x) y = Exp(h) }");
  const SampleSource samples{2, [](size_t index) {
                               Sample sample{"s", {}, {}};
                               const float value = index == 0 ? 1.0F : 2.0F;
                               sample.inputs.emplace("x", Tensor::of<float>({1, 2}, {value, -value}));
                               return sample;
                             }};
  const auto spreads = collectSpread(graph, {"x", "h"}, samples);
  EXPECT_THAT(spreads.at("x").high, ElementsAre(2, 0));
  EXPECT_THAT(spreads.at("h").high, ElementsAre(0, 2));
  EXPECT_THAT(spreads.at("h").mean_square, ElementsAre(2.5, 2.5));
}

}  // namespace
}  // namespace quant
