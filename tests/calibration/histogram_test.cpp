#include "calibration/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace quant {
namespace {

using ::testing::ElementsAre;

Histogram histogramOf(const std::vector<float>& values) {
  Histogram histogram;
  histogram.observe(values);
  return histogram;
}

/// Values of very different magnitudes, many zeros, some infinite.
std::vector<float> wildValues(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) {
    value = std::ldexp(normal(random), static_cast<int>(random() % 20) - 10);
    if (random() % 4 == 0) value = random() % 2 == 0 ? 0.0F : -0.0F;
    if (random() % 500 == 0) value = std::numeric_limits<float>::infinity();
  }
  return values;
}

TEST(Histogram, TakesTheSmallestPowerOfTwoThatFitsTheLargestMagnitude) {
  EXPECT_EQ(histogramOf({4095}).binWidth(), 1);
  EXPECT_EQ(histogramOf({4095.9F}).binWidth(), 1);
  EXPECT_EQ(histogramOf({4096}).binWidth(), 2);
  EXPECT_EQ(histogramOf({-4096}).binWidth(), 2);
  EXPECT_EQ(histogramOf({1, -3}).binWidth(), 4.0F / 4096);
}

TEST(Histogram, CountsOutwardsFromZero) {
  const Bins bins = histogramOf({4000, 0.5F, 0, 1, 1.5F, -0.5F, -1, -2, -2.5F, 0}).signedBins();
  EXPECT_EQ(bins.width, 1);
  EXPECT_EQ(bins.zeros, 2);
  EXPECT_EQ(bins.zero, 3);
  EXPECT_EQ(bins.size(), 3 + 4001);
  const std::vector<int64_t> around_zero(bins.counts.begin(), bins.counts.begin() + 6);
  EXPECT_THAT(around_zero, ElementsAre(2, 1, 1, 1, 2, 0));  // [-3,-2] [-2,-1] [-1,0) (0,1] [1,2] [2,3]
  EXPECT_EQ(bins.counts.back(), 1);
  EXPECT_EQ(bins.edge(0), -3);
  EXPECT_EQ(bins.edge(bins.size()), 4001);
}

TEST(Histogram, AddsBothSidesToTheBinsOfMagnitudes) {
  const Bins bins = histogramOf({4000, 0.5F, -0.5F, -1, 1, -2, 0}).magnitudeBins();
  EXPECT_EQ(bins.zero, 0);
  EXPECT_EQ(bins.zeros, 1);
  EXPECT_EQ(bins.size(), 4001);
  const std::vector<int64_t> from_zero(bins.counts.begin(), bins.counts.begin() + 4);
  EXPECT_THAT(from_zero, ElementsAre(2, 2, 1, 0));
}

TEST(Histogram, MergesNeighboursWhenALargerValueComes) {
  Histogram histogram = histogramOf({0.5F, 1.5F, 2.5F, 4095, -1.5F, -2.5F});
  histogram.observe(std::vector<float>{8191});
  const Bins bins = histogram.signedBins();
  EXPECT_EQ(bins.width, 2);
  EXPECT_EQ(bins.zero, 2);
  const std::vector<int64_t> around_zero(bins.counts.begin(), bins.counts.begin() + 4);
  EXPECT_THAT(around_zero, ElementsAre(1, 1, 2, 1));
}

TEST(Histogram, OfNothingAndOfZerosHasNoBins) {
  EXPECT_EQ(Histogram().signedBins().size(), 0);
  const Histogram zeros = histogramOf({0, -0.0F, 0});
  EXPECT_EQ(zeros.signedBins().size(), 0);
  EXPECT_EQ(zeros.zeros(), 3);
  EXPECT_EQ(zeros.elements(), 3);
}

TEST(Histogram, SumsUpWhatItObserved) {
  for (const size_t length : {0, 5, 4096, 20'001}) {
    const std::vector<float> values = wildValues(length, 4);
    EXPECT_EQ(Histogram().observe(values), summarize(values)) << length << " values";
  }
}

TEST(Histogram, LeavesInfinitiesAndNansOut) {
  const Histogram histogram =
      histogramOf({std::numeric_limits<float>::infinity(), 1, std::numeric_limits<float>::quiet_NaN(), -2, 0});
  EXPECT_EQ(histogram, histogramOf({1, -2, 0}));
}

TEST(Histogram, HoldsTheWholeRangeOfFloats) {
  const float largest = std::numeric_limits<float>::max(), smallest = std::numeric_limits<float>::denorm_min();
  const Bins wide = histogramOf({largest, -largest, smallest, -smallest}).signedBins();
  EXPECT_EQ(wide.size(), 8192);
  EXPECT_THAT((std::vector<int64_t>{wide.counts.front(), wide.counts[4095], wide.counts[4096], wide.counts.back()}),
              ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(histogramOf({smallest, -smallest, -smallest}).signedBins().counts, ElementsAre(2, 1));
}

/// The same bins, counted one value at a time.
Bins plainBins(const std::vector<float>& values, const Bins& shape) {
  Bins bins = shape;
  bins.zeros = 0;
  std::ranges::fill(bins.counts, 0);
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    if (value == 0) {
      ++bins.zeros;
    } else {
      const auto bin = static_cast<int64_t>(std::floor(std::abs(value) / bins.width));
      ++bins.counts.at(static_cast<size_t>(value > 0 ? bins.zero + bin : bins.zero - 1 - bin));
    }
  }
  return bins;
}

TEST(Histogram, CountsWhatAPlainLoopCountsForAnyLength) {
  // Lengths around those at which counting goes another way; NaNs, infinities and zeros among the values.
  for (const size_t length : {1, 2, 7, 31, 33, 1000, 4095, 4096, 4097, 8191, 12'289, 300'001}) {
    std::vector<float> values = wildValues(length, static_cast<uint32_t>(length));
    for (size_t i = 0; i < length; i += 3) values[i] = 6;  // one value most of the time
    for (size_t i = 7; i < length; i += 1001) values[i] = std::numeric_limits<float>::quiet_NaN();
    const Bins bins = histogramOf(values).signedBins();
    const Bins expected = plainBins(values, bins);
    EXPECT_EQ(bins.counts, expected.counts) << length << " values";
    EXPECT_EQ(bins.zeros, expected.zeros) << length << " values";
  }
}

TEST(Histogram, CountsOneValueAMillionTimes) {
  const std::vector<float> values(1'000'000, 6);
  EXPECT_EQ(histogramOf(values).signedBins().counts.back(), 1'000'000);
  EXPECT_EQ(histogramOf(values).elements(), 1'000'000);
}

TEST(Histogram, IsTheSameForAnyOrder) {
  std::vector<float> values = wildValues(20'000, 1);
  const Histogram expected = histogramOf(values);
  std::mt19937 random(5);
  for (int i = 0; i < 5; ++i) {
    std::shuffle(values.begin(), values.end(), random);
    EXPECT_EQ(histogramOf(values), expected);
  }
  std::ranges::sort(values);
  EXPECT_EQ(histogramOf(values), expected);
}

TEST(Histogram, IsTheSameForAnyGroupingAndMerging) {
  const std::vector<float> values = wildValues(20'000, 2);
  const Histogram expected = histogramOf(values);
  std::mt19937 random(6);
  for (int round = 0; round < 20; ++round) {
    std::vector<Histogram> workers(1 + random() % 4);
    std::span<const float> rest(values);
    while (!rest.empty()) {
      const size_t size = std::min<size_t>(rest.size(), random() % (round < 10 ? 30 : 9000));
      workers[random() % workers.size()].observe(rest.first(size));
      rest = rest.subspan(size);
    }
    Histogram merged;
    std::shuffle(workers.begin(), workers.end(), random);
    for (const Histogram& worker : workers) merged.merge(worker);
    EXPECT_EQ(merged, expected) << "round " << round;
  }
}

TEST(Bins, HalvedKeepTheirPlaceAndCounts) {
  const Bins bins{{1, 2, 3, 4, 5, 6}, 3, 0.5, 7};
  const Bins half = bins.halved();
  EXPECT_THAT(half.counts, ElementsAre(1, 5, 9, 6));  // [-2,-1] [-1,0) (0,1] [1,2]
  EXPECT_EQ(half.zero, 2);
  EXPECT_EQ(half.width, 1);
  EXPECT_EQ(half.zeros, 7);
}

}  // namespace
}  // namespace quant
