#include "calibration/methods.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/error.h"

namespace quant {
namespace {

TensorStatistics statisticsOf(const std::vector<float>& values) {
  TensorStatistics statistics(TensorStatistics::Detail::kHistogram);
  statistics.observe(values);
  return statistics;
}

std::vector<float> countTo(int last) {
  std::vector<float> values;
  for (int i = 1; i <= last; ++i) values.push_back(static_cast<float>(i));
  return values;
}

std::vector<float> negated(std::vector<float> values) {
  for (float& value : values) value = -value;
  return values;
}

TEST(Methods, AreFoundByName) {
  for (const CalibrationMethod& method : calibrationMethods()) {
    EXPECT_EQ(findCalibrationMethod(method.name).range, method.range);
  }
}

TEST(Methods, NameThemselvesWhenAnUnknownOneIsAskedFor) {
  try {
    (void)findCalibrationMethod("entropy");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_STREQ(error.what(), "there is no calibration method 'entropy'; there are minmax, percentile, kl, mse");
  }
}

TEST(Methods, AreDescribedWithWhatTheyUse) {
  EXPECT_EQ(describe(findCalibrationMethod("kl"), {}), "kl");
  EXPECT_EQ(describe(findCalibrationMethod("percentile"), {.percentile = 99.9}), "percentile 99.9");
  EXPECT_EQ(describe(findCalibrationMethod("mse"), {.symmetric = true}), "mse, symmetric");
}

TEST(MinMax, GivesTheExtremesAndZero) {
  EXPECT_EQ(minMaxRange(statisticsOf({-2, 0.1F, 3}), {}), (Range{-2, 3}));
  EXPECT_EQ(minMaxRange(statisticsOf({2, 3}), {}), (Range{0, 3}));
  EXPECT_EQ(minMaxRange(statisticsOf({-2, -3}), {}), (Range{-3, 0}));
}

// 1 to 1000 in bins of 1/4: each value has a bin of its own, from it to 1/4 above.
TEST(Percentile, CutsTheWholeRestOffWhereAllValuesHaveOneSign) {
  EXPECT_EQ(percentileRange(statisticsOf(countTo(1000)), {.percentile = 99}), (Range{0, 990.25F}));
  EXPECT_EQ(percentileRange(statisticsOf(negated(countTo(1000))), {.percentile = 99}), (Range{-990.25F, 0}));
}

TEST(Percentile, CutsHalfOfTheRestOffAtEachEnd) {
  std::vector<float> values = countTo(1000);
  const std::vector<float> other = negated(values);
  values.insert(values.end(), other.begin(), other.end());
  EXPECT_EQ(percentileRange(statisticsOf(values), {.percentile = 99}), (Range{-990.25F, 990.25F}));
}

TEST(Percentile, LooksAtMagnitudesForASymmetricGrid) {
  // Of 1010 magnitudes, 1 % or 10.1 lie outside: 10 bins wholly, and a tenth of that of 990.
  std::vector<float> values = countTo(1000);
  for (int i = 0; i < 10; ++i) values.push_back(-0.125F);
  const Range range = percentileRange(statisticsOf(values), {.percentile = 99, .symmetric = true});
  EXPECT_FLOAT_EQ(range.high, 990.25F - 0.25F / 10);
  EXPECT_EQ(range.low, -0.125F);
}

TEST(Percentile, CountsZeros) {
  // 1 % of 2000 elements are 20, all of which lie on the right.
  std::vector<float> values = countTo(1000);
  values.resize(2000, 0.0F);
  EXPECT_EQ(percentileRange(statisticsOf(values), {.percentile = 99}), (Range{0, 980.25F}));
}

TEST(Percentile, InterpolatesInsideABin) {
  // Four values in [4095, 4096); one of them, a quarter of the bin, may lie outside. 4095.9 is the largest.
  const std::vector<float> values = {4095.1F, 4095.2F, 4095.3F, 4095.9F};
  EXPECT_EQ(percentileRange(statisticsOf(values), {.percentile = 75}), (Range{0, 4095.75F}));
}

TEST(Percentile, Of100IsMinMax) {
  const TensorStatistics statistics = statisticsOf({-2, 0.1F, 3});
  EXPECT_EQ(percentileRange(statistics, {.percentile = 100}), (Range{-2, 3}));
}

TEST(Percentile, GivesZeroWhenFewEnoughValuesDiffer) {
  std::vector<float> values(1000, 0.0F);
  values[0] = 5;
  EXPECT_EQ(percentileRange(statisticsOf(values), {.percentile = 99}), (Range{0, 0}));
}

TEST(Percentile, RefusesWhatIsNoPercentage) {
  for (const double percentile : {0.0, -1.0, 100.5, std::nan("")}) {
    EXPECT_THROW(percentileRange(statisticsOf({1}), {.percentile = percentile}), Error);
  }
  try {
    percentileRange(statisticsOf({1}), {.percentile = 101});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_STREQ(error.what(), "a percentile of 101 was asked for; it must be above 0 and at most 100");
  }
}

// --- what every method promises ------------------------------------------------------------------------------------

struct Case {
  const char* method;
  bool symmetric;
  DataType storage;
};

class EveryMethod : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] static Range rangeOf(const std::vector<float>& values) {
    MethodOptions options;
    options.symmetric = GetParam().symmetric;
    options.storage = GetParam().storage;
    return findCalibrationMethod(GetParam().method).range(statisticsOf(values), options);
  }
};

std::string nameOf(const testing::TestParamInfo<Case>& info) {
  return std::string(info.param.method) + (info.param.symmetric ? "Symmetric" : "Asymmetric") +
         std::string(toString(info.param.storage));
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryMethod, testing::ValuesIn([] {
                           std::vector<Case> cases;
                           for (const char* method : {"minmax", "percentile", "kl", "mse"}) {
                             for (const bool symmetric : {false, true}) {
                               for (const DataType storage : {DataType::kUInt8, DataType::kInt8, DataType::kInt16}) {
                                 cases.push_back({method, symmetric, storage});
                               }
                             }
                           }
                           return cases;
                         }()),
                         nameOf);

TEST_P(EveryMethod, GivesAnEmptyRangeForNothingAndForZeros) {
  EXPECT_EQ(rangeOf({}), Range{});
  EXPECT_EQ(rangeOf({0, -0.0F, 0}), Range{});
  EXPECT_EQ(rangeOf({std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}), Range{});
}

TEST_P(EveryMethod, KeepsAConstantToWithinABin) {
  for (const float value : {5.0F, 5.3F, 1e-40F, 3e38F}) {
    const Range positive = rangeOf({value, value, value}), negative = rangeOf({-value, -value});
    EXPECT_EQ(positive.low, 0);
    EXPECT_NEAR(positive.high, value, value / 2048);
    EXPECT_NEAR(negative.low, -value, value / 2048);
    EXPECT_EQ(negative.high, 0);
  }
}

TEST_P(EveryMethod, HoldsZeroAndStaysWithinTheValues) {
  std::mt19937 random(11);
  for (int round = 0; round < 40; ++round) {
    const float shift = static_cast<float>(round % 5) - 2;
    std::vector<float> values(1 + random() % 3000);
    for (float& value : values) {
      value = std::ldexp(std::normal_distribution<float>(shift)(random), static_cast<int>(random() % 8));
    }
    const Range range = rangeOf(values);
    EXPECT_LE(range.low, 0);
    EXPECT_GE(range.high, 0);
    EXPECT_GE(range.low, std::min(0.0F, std::ranges::min(values)));
    EXPECT_LE(range.high, std::max(0.0F, std::ranges::max(values)));
  }
}

TEST_P(EveryMethod, ScalesWithTheValues) {
  std::mt19937 random(12);
  std::vector<float> values(5000);
  for (float& value : values) value = std::normal_distribution<float>()(random);
  const Range range = rangeOf(values);
  for (float& value : values) value *= 1024;
  EXPECT_EQ(rangeOf(values), (Range{range.low * 1024, range.high * 1024}));
}

TEST_P(EveryMethod, IgnoresHowManyTimesTheDataIsRepeated) {
  std::mt19937 random(13);
  std::vector<float> values(5000);
  for (float& value : values) value = std::max(0.0F, std::normal_distribution<float>()(random));
  const Range once = rangeOf(values);
  std::vector<float> twice = values;
  twice.insert(twice.end(), values.begin(), values.end());
  const Range range = rangeOf(twice);
  EXPECT_FLOAT_EQ(range.low, once.low);
  EXPECT_FLOAT_EQ(range.high, once.high);
}

}  // namespace
}  // namespace quant
