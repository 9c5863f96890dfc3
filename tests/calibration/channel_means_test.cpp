#include "calibration/channel_means.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace quant {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ExactSum, HoldsSmallNumbersBesideLargeOnes) {
  ExactSum sum;
  for (const float value : {1e30F, 1.0F, -1e30F, 1e-30F}) sum.add(value);
  EXPECT_EQ(sum.value(), 1.0 + double{1e-30F});
}

TEST(ExactSum, ReachesFromTheSmallestToTheLargestFloat) {
  constexpr float kSmallest = std::numeric_limits<float>::denorm_min(), kLargest = std::numeric_limits<float>::max();
  ExactSum sum;
  sum.add(kLargest);
  sum.add(kLargest);
  EXPECT_EQ(sum.value(), 2.0 * double{kLargest});
  ExactSum small;
  small.add(-kSmallest);
  EXPECT_EQ(small.value(), -double{kSmallest});
}

TEST(ExactSum, DoesNotDependOnOrderOrGrouping) {
  std::mt19937 random(1);
  std::vector<float> values(1000);
  for (float& value : values)
    value = std::ldexp(std::normal_distribution<float>()(random), static_cast<int>(random() % 80) - 40);
  ExactSum forwards, backwards, half;
  for (const float value : values) forwards.add(value);
  std::ranges::reverse(values);
  for (size_t i = 0; i < values.size(); ++i) (i % 2 == 0 ? backwards : half).add(values[i]);
  backwards.merge(half);
  EXPECT_EQ(forwards, backwards);
}

TEST(ChannelMeans, AreThoseOfEachChannel) {
  ChannelMeans means(1);
  means.observe(Tensor::of<float>({1, 2, 2}, {1, 3, -10, 0}));
  EXPECT_THAT(means.means(), ElementsAre(2, -5));
}

TEST(ChannelMeans, ReadChannelsLastTensors) {
  Tensor tensor(DataType::kFloat32, {1, 2, 2}, Layout::kChannelsLast);
  std::ranges::copy(std::vector<float>{1, -10, 3, 0}, tensor.data<float>().begin());
  ChannelMeans means(1);
  means.observe(tensor);
  EXPECT_THAT(means.means(), ElementsAre(2, -5));
}

TEST(ChannelMeans, CountANegativeAxisFromTheEnd) {
  ChannelMeans means(-1);
  means.observe(Tensor::of<float>({1, 2, 2}, {1, 3, -10, 0}));
  EXPECT_THAT(means.means(), ElementsAre(-4.5F, 1.5F));
}

TEST(ChannelMeans, OfManyElementsAreExact) {
  for (const Shape& shape : {Shape{1, 3, 10'007}, Shape{1'009, 3, 1}}) {
    Tensor tensor(DataType::kFloat32, shape);
    std::ranges::fill(tensor.data<float>(), 0.5F);
    ChannelMeans means(1);
    means.observe(tensor);
    EXPECT_THAT(means.means(), ElementsAre(0.5F, 0.5F, 0.5F));
  }
}

TEST(ChannelMeans, CountEachTensorOnce) {
  ChannelMeans means(1);
  means.observe(Tensor::of<float>({1, 1, 1}, {6}));
  means.observe(Tensor::of<float>({1, 1, 3}, {0, 0, 0}));
  EXPECT_THAT(means.means(), ElementsAre(3));
}

TEST(ChannelMeans, LeaveOutTensorsThatAreNotFinite) {
  ChannelMeans means(1);
  means.observe(Tensor::of<float>({1, 1, 2}, {1, std::numeric_limits<float>::quiet_NaN()}));
  EXPECT_THAT(means.means(), IsEmpty());
  means.observe(Tensor::of<float>({1, 1, 2}, {1, 2}));
  EXPECT_THAT(means.means(), ElementsAre(1.5F));
}

TEST(ChannelMeans, DoNotExistForDifferentNumbersOfChannels) {
  ChannelMeans one(1), two(1);
  one.observe(Tensor::of<float>({1, 1}, {1}));
  two.observe(Tensor::of<float>({1, 2}, {1, 1}));
  ChannelMeans merged = one;
  merged.merge(two);
  EXPECT_THAT(merged.means(), IsEmpty());
  merged.observe(Tensor::of<float>({1, 1}, {1}));
  EXPECT_THAT(merged.means(), IsEmpty());
}

TEST(ChannelMeans, OfPartsMergeToThoseOfTheWhole) {
  ChannelMeans whole(1), first(1), second(1);
  for (int i = 0; i < 10; ++i) {
    const Tensor tensor = Tensor::of<float>({1, 1}, {0.1F * static_cast<float>(i)});
    whole.observe(tensor);
    (i % 3 == 0 ? first : second).observe(tensor);
  }
  second.merge(first);
  EXPECT_EQ(second, whole);
}

}  // namespace
}  // namespace quant
