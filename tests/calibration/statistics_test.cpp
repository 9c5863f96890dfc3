#include "calibration/statistics.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "core/error.h"

namespace quant {
namespace {

constexpr auto kHistogram = TensorStatistics::Detail::kHistogram;

template <class T>
TensorStatistics statisticsOf(std::initializer_list<T> values) {
  TensorStatistics statistics(kHistogram);
  statistics.observe(Tensor::of<T>({static_cast<int64_t>(values.size())}, values));
  return statistics;
}

TEST(TensorStatistics, OfOtherTypesAreThoseOfTheirValuesAsFloat) {
  const TensorStatistics expected = statisticsOf<float>({1, 0, 100, 3});
  EXPECT_EQ(statisticsOf<double>({1, 0, 100, 3}), expected);
  EXPECT_EQ(statisticsOf<int8_t>({1, 0, 100, 3}), expected);
  EXPECT_EQ(statisticsOf<uint8_t>({1, 0, 100, 3}), expected);
  EXPECT_EQ(statisticsOf<int16_t>({1, 0, 100, 3}), expected);
  EXPECT_EQ(statisticsOf<uint16_t>({1, 0, 100, 3}), expected);
  EXPECT_EQ(statisticsOf<int32_t>({1, 0, 100, 3}), expected);
  EXPECT_EQ(statisticsOf<uint32_t>({1, 0, 100, 3}), expected);
  EXPECT_EQ(statisticsOf<int64_t>({1, 0, 100, 3}), expected);
  EXPECT_EQ(statisticsOf<uint64_t>({1, 0, 100, 3}), expected);
  EXPECT_EQ(statisticsOf<Float16>({Float16(1), Float16(0), Float16(100), Float16(3)}), expected);
  EXPECT_EQ(statisticsOf<BFloat16>({BFloat16(1), BFloat16(0), BFloat16(100), BFloat16(3)}), expected);
  EXPECT_EQ(statisticsOf<bool>({true, false}), statisticsOf<float>({1, 0}));
}

TEST(TensorStatistics, CountDoublesTooLargeForAFloatAsNotFinite) {
  EXPECT_EQ(statisticsOf<double>({1e300, 2}).summary(), (Summary{2, 0, 1, 2, 2}));
}

TEST(TensorStatistics, OfLargeTensorsHoldEveryElement) {
  Tensor tensor(DataType::kInt32, {3, 100'000});
  int32_t next = -100'000;
  for (int32_t& element : tensor.data<int32_t>()) element = next++;
  TensorStatistics statistics(kHistogram);
  statistics.observe(tensor);
  EXPECT_EQ(statistics.summary(), (Summary{300'000, 1, 0, -100'000, 199'999}));
  EXPECT_EQ(statistics.histogram().elements(), 300'000);
}

TEST(TensorStatistics, OfPartsMergeToThoseOfTheWhole) {
  TensorStatistics merged = statisticsOf<float>({1, -7, 0});
  merged.merge(statisticsOf<float>({300, 2}));
  EXPECT_EQ(merged, statisticsOf<float>({300, 1, 2, -7, 0}));
}

TEST(TensorStatistics, HaveAHistogramOnlyWhenAskedForOne) {
  TensorStatistics statistics;
  statistics.observe(std::vector<float>{1, 2});
  EXPECT_FALSE(statistics.hasHistogram());
  EXPECT_EQ(statistics.summary().max, 2);
  EXPECT_THROW((void)statistics.histogram(), Error);
  EXPECT_THROW(statistics.merge(TensorStatistics(kHistogram)), Error);
}

}  // namespace
}  // namespace quant
