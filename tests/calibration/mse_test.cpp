#include "calibration/mse.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "core/quant_params.h"

namespace quant {
namespace {

TEST(SquaredError, OfClippingIsTheSquaredDistanceToTheThreshold) {
  // Ten values spread over [2, 3]: to threshold 1 that is the integral of 10 (x - 1)^2 = 10 * (8 - 1) / 3.
  const SquaredError error({{0, 0, 10}, 0, 1.0, 0});
  EXPECT_NEAR(error.clippingAbove(1), 70.0 / 3, 1e-12);
  EXPECT_NEAR(error.clippingAbove(2), 10.0 / 3, 1e-12);
  EXPECT_EQ(error.clippingAbove(3), 0);
  EXPECT_EQ(error.clippingBelow(0), 0);
}

TEST(SquaredError, ClipsNegativeValuesToTheLowerThreshold) {
  // [-3, -2] clipped to -1, in bins of width 1/2: a quarter of the error in bins of width 1.
  const SquaredError error({{10, 0, 0, 5}, 3, 0.5, 0});
  EXPECT_NEAR(error.clippingBelow(2), 70.0 / 3 / 4, 1e-12);
}

TEST(SquaredError, OfRoundingIsATwelfthOfTheSquaredStepAwayFromZero) {
  // Three steps over six bins: the step is 2, and bins 1 to 5 are rounded to 2, 4 and 6.
  const SquaredError error({{0, 3, 1, 1, 2, 3}, 0, 1.0, 0});
  EXPECT_NEAR(error.rounding({0, 6}, 4), 10 * 4.0 / 12, 1e-12);
}

TEST(SquaredError, OfValuesThatRoundToZeroIsTheirOwnSquare) {
  // The step is 4: [0, 1] is rounded to zero, with an integral of 12 x^2 = 4, where step^2 / 12 would say 16.
  const SquaredError error({{12, 0, 0, 0, 0, 0, 0, 0}, 0, 1.0, 0});
  EXPECT_NEAR(error.rounding({0, 8}, 3), 4, 1e-12);
}

TEST(SquaredError, HasAllSquaresAsEnergy) {
  const SquaredError error({{3, 0, 12}, 1, 2.0, 100});
  EXPECT_NEAR(error.energy(), 4 * (3 * 1.0 / 3 + 12 * 7.0 / 3), 1e-12);
}

// --- against quantizing every value --------------------------------------------------------------------------------

double quantizationError(const std::vector<float>& values, Range range, const MethodOptions& options) {
  const QuantParams params =
      options.symmetric ? symmetricParams(range, options.storage) : asymmetricParams(range, options.storage);
  double error = 0;
  for (const float value : values) {
    error += std::pow(static_cast<double>(value) - static_cast<double>(params.dequantize(params.quantize(value))), 2);
  }
  return error;
}

/// The least error over 40 x 40 ranges (40, symmetric), each end from a fortieth of the largest value to all of it.
double leastError(const std::vector<float>& values, Range widest, const MethodOptions& options) {
  constexpr int kSteps = 40;
  double least = quantizationError(values, widest, options);
  for (int i = 1; i <= kSteps; ++i) {
    for (int j = options.symmetric || widest.low == 0 ? kSteps : 1; j <= kSteps; ++j) {
      const float up = static_cast<float>(i) / kSteps, down = options.symmetric ? up : static_cast<float>(j) / kSteps;
      const Range range{widest.low * down, widest.high * up};
      least = std::min(least, quantizationError(values, range, options));
    }
  }
  return least;
}

struct Distribution {
  const char* name;
  std::function<float(std::mt19937&)> draw;
};

class MseRange : public testing::TestWithParam<Distribution> {};

float normal(std::mt19937& random, float mean, float deviation) {
  return std::normal_distribution<float>(mean, deviation)(random);
}

float exponential(std::mt19937& random) { return std::exponential_distribution<float>()(random); }

INSTANTIATE_TEST_SUITE_P(
    Distributions, MseRange,
    testing::Values(
        Distribution{"Normal", [](auto& random) { return normal(random, 0, 1); }},
        Distribution{"HalfNormalAfterRelu", [](auto& random) { return std::max(0.0F, normal(random, 0, 1)); }},
        Distribution{"Laplace", [](auto& random) { return (random() % 2 == 0 ? 1.0F : -1.0F) * exponential(random); }},
        Distribution{"Uniform", [](auto& random) { return std::uniform_real_distribution<float>(-1, 2)(random); }},
        Distribution{"Relu6", [](auto& random) { return std::clamp(normal(random, 0, 4), 0.0F, 6.0F); }},
        Distribution{
            "TwoHumps",
            [](auto& random) { return random() % 2 == 0 ? normal(random, -2, 0.3F) : normal(random, 3, 0.2F); }},
        Distribution{"Outliers", [](auto& random) { return normal(random, 0, random() % 1000 == 0 ? 20.0F : 1.0F); }},
        Distribution{
            "PeakAtZero",
            [](auto& random) { return random() % 500 == 0 ? exponential(random) : exponential(random) / 1e4F; }},
        Distribution{"Silu",
                     [](auto& random) {
                       const float x = normal(random, 0, 4);
                       return x / (1 + std::exp(-x));
                     }}),
    [](const auto& row) { return row.param.name; });

TEST_P(MseRange, ErrsHardlyMoreThanTheBestOfManyRanges) {
  std::mt19937 random(21);
  std::vector<float> values(4000);
  for (float& value : values) value = GetParam().draw(random);
  TensorStatistics statistics(TensorStatistics::Detail::kHistogram);
  statistics.observe(values);
  for (const auto& options : {MethodOptions{}, MethodOptions{.symmetric = true, .storage = DataType::kInt8},
                              MethodOptions{.symmetric = true, .storage = DataType::kUInt8}}) {
    const double least = leastError(values, minMaxRange(statistics, options), options);
    EXPECT_LT(quantizationError(values, mseRange(statistics, options), options), 1.1 * least);
  }
}

TEST(MseThresholds, AreTheBestPairOfAll) {
  std::mt19937 random(22);
  for (int round = 0; round < 20; ++round) {
    Bins bins{std::vector<int64_t>(120), 10 + static_cast<int64_t>(random() % 90), 0.25, 0};
    for (int64_t j = 0; j < bins.size(); ++j) {
      const double distance = static_cast<double>(j - bins.zero) / 12;
      bins.counts[static_cast<size_t>(j)] = static_cast<int64_t>(1e4 * std::exp(-distance * distance) + random() % 3);
    }
    const SquaredError error(bins);
    double least = error(allBins(bins), 16);
    for (int64_t first = 0; first < bins.zero; ++first) {
      for (int64_t last = bins.zero + 1; last <= bins.size(); ++last) least = std::min(least, error({first, last}, 16));
    }
    EXPECT_LE(error(mseThresholds(bins, 16), 16), 1.001 * least) << "round " << round;
  }
}

}  // namespace
}  // namespace quant
