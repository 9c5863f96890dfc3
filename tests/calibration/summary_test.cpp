#include "calibration/summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace quant {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kDenormal = std::numeric_limits<float>::denorm_min();

TEST(Summary, CountsElementsAndZerosAndFindsTheExtremes) {
  const Summary summary = summarize(std::vector<float>{3, 0, -2, 0, 1});
  EXPECT_EQ(summary, (Summary{5, 2, 0, -2, 3}));
}

TEST(Summary, LeavesInfinitiesAndNansOut) {
  const Summary summary = summarize(std::vector<float>{kNan, 1, kInfinity, 0, -kInfinity, -kNan, 2});
  EXPECT_EQ(summary, (Summary{7, 1, 4, 0, 2}));
}

TEST(Summary, OfNothingFiniteHasNoExtremes) {
  EXPECT_EQ(summarize({}), Summary{});
  const Summary summary = summarize(std::vector<float>{kNan, kInfinity});
  EXPECT_EQ(summary.finite(), 0);
  EXPECT_GT(summary.min, summary.max);
}

TEST(Summary, SeesBothZerosAsPositiveZero) {
  const Summary summary = summarize(std::vector<float>{-0.0F, -0.0F});
  EXPECT_EQ(summary.zeros, 2);
  EXPECT_FALSE(std::signbit(summary.min));
  EXPECT_FALSE(std::signbit(summary.max));
}

TEST(Summary, SeesTheSmallestAndTheLargestFloats) {
  constexpr float kMax = std::numeric_limits<float>::max();
  EXPECT_EQ(summarize(std::vector<float>{kDenormal, -kDenormal}), (Summary{2, 0, 0, -kDenormal, kDenormal}));
  EXPECT_EQ(summarize(std::vector<float>{kMax, -kMax}), (Summary{2, 0, 0, -kMax, kMax}));
}

TEST(Summary, OfPartsMergesToThatOfTheWhole) {
  std::mt19937 random(7);
  std::vector<float> values(1000);
  for (float& value : values) value = random() % 5 == 0 ? 0.0F : std::normal_distribution<float>()(random);
  values[300] = kNan;
  for (const size_t cut : {size_t{0}, size_t{1}, size_t{299}, size_t{301}, values.size()}) {
    const std::span<const float> all(values);
    Summary merged = summarize(all.subspan(cut));
    merged.merge(summarize(all.first(cut)));
    EXPECT_EQ(merged, summarize(all)) << "cut at " << cut;
  }
}

Summary plainSummary(std::span<const float> values) {
  Summary summary;
  for (const float value : values) {
    ++summary.elements;
    if (!std::isfinite(value)) {
      ++summary.non_finite;
      continue;
    }
    if (value == 0) ++summary.zeros;
    if (value < summary.min) summary.min = value;
    if (value > summary.max) summary.max = value;
  }
  return summary;
}

TEST(Summary, IsThatOfAPlainLoopForAnyLength) {
  std::mt19937 random(8);
  std::vector<float> values(4099);
  for (float& value : values) value = random() % 6 == 0 ? 0.0F : std::normal_distribution<float>(1, 3)(random);
  const std::span<const float> finite(values);
  for (size_t length = 1; length <= values.size(); length += length < 140 ? 1 : 97) {
    EXPECT_EQ(summarize(finite.last(length)), plainSummary(finite.last(length))) << length << " values";
  }
  for (const float odd : {kNan, -kNan, kInfinity, -kInfinity}) {
    for (const size_t place : {size_t{0}, size_t{5}, size_t{4098}}) {
      std::vector<float> with_one = values;
      with_one[place] = odd;
      EXPECT_EQ(summarize(with_one), plainSummary(with_one)) << odd << " at " << place;
    }
  }
}

}  // namespace
}  // namespace quant
