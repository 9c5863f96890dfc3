#include "calibration/observed.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace quant {
namespace {

TensorStatistics statisticsOf(const std::vector<float>& values) {
  TensorStatistics statistics(TensorStatistics::Detail::kHistogram);
  statistics.observe(std::span<const float>(values));
  return statistics;
}

/// -1, and 999 values evenly from 0.001 to 0.999.
std::vector<float> ramp() {
  std::vector<float> values = {-1};
  for (int i = 1; i < 1000; ++i) values.push_back(static_cast<float>(i) / 1000);
  return values;
}

TEST(Observed, ClippedIsTheShareThatNeedsAnIntegerBeyondTheStorage) {
  // The grid ends at 0.5 on one side and 0 on the other; half a step beyond it a value still rounds to the end.
  const QuantParams params(DataType::kUInt8, 0.5F / 255, 0);
  EXPECT_NEAR(observe(statisticsOf(ramp()), params).clipped, (1 + 499) / 1000.0, 0.002);
}

TEST(Observed, NothingIsClippedByTheRangeOfAllValues) {
  EXPECT_EQ(observe(statisticsOf(ramp()), asymmetricParams({-1, 1}, DataType::kUInt8)).clipped, 0);
}

TEST(Observed, SqnrAloneIsThatOfRoundingWhereNothingIsClipped) {
  std::vector<float> values(10000);
  std::iota(values.begin(), values.end(), 1.0F);
  const float scale = 10000.0F / 255;
  const Observed seen = observe(statisticsOf(values), QuantParams(DataType::kUInt8, scale, 0));
  const double signal = 10000.0 * 10000 / 3;  // mean square of 0..10000
  EXPECT_NEAR(seen.sqnr, 10 * std::log10(signal / (scale * scale / 12)), 0.1);
}

TEST(Observed, KeepsEveryValueInFewBins) {
  const Observed seen = observe(statisticsOf(ramp()), QuantParams(DataType::kInt8, 1.0F / 127, 0));
  EXPECT_LE(seen.bins.size(), Observed::kMostBins);
  EXPECT_EQ(std::accumulate(seen.bins.counts.begin(), seen.bins.counts.end(), int64_t{0}), 1000);
  EXPECT_LE(seen.bins.edge(0), -1);
  EXPECT_GE(seen.bins.edge(seen.bins.size()), 0.999);
}

TEST(Observed, NothingButZerosHasNoErrorAndNoBins) {
  const Observed seen = observe(statisticsOf({0, 0, 0}), QuantParams(DataType::kUInt8, 1, 0));
  EXPECT_TRUE(seen.bins.counts.empty());
  EXPECT_EQ(seen.bins.zeros, 3);
  EXPECT_EQ(seen.clipped, 0);
  EXPECT_TRUE(std::isinf(seen.sqnr));
}

}  // namespace
}  // namespace quant
