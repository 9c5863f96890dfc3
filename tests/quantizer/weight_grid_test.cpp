#include "quantizer/weight_grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace quant {
namespace {

/// The same values in every lane.
std::vector<float> inLanes(const std::vector<float>& lane) {
  std::vector<float> values;
  for (const float value : lane) values.insert(values.end(), kLanes, value);
  return values;
}

struct Coded {
  float scale, zero;
  std::vector<int> integers;
  double error;
};

Coded code(const std::vector<float>& lane, const WeightGrid& grid, const float* importance = nullptr) {
  const auto values = inLanes(lane);
  const LaneParams params = searchLaneParams(values.data(), lane.size(), importance, grid);
  std::vector<int8_t> integers(values.size());
  encodeLanes(values.data(), lane.size(), params, grid, integers.data());
  Coded coded{params.scale[3], params.zero[3], {}, 0};
  for (size_t m = 0; m < lane.size(); ++m) {
    const int q = integers[m * kLanes + 3];
    coded.integers.push_back(q);
    const double error = (q - coded.zero) * static_cast<double>(coded.scale) - lane[m];
    coded.error += (importance == nullptr ? 1 : importance[m]) * error * error;
  }
  return coded;
}

constexpr WeightGrid kSymmetric{-8, 7, false, false, DataType::kFloat32};
constexpr WeightGrid kAsymmetric{0, 15, true, false, DataType::kFloat32};

TEST(WeightGrid, BytesThatFitExactlyAreKept) {
  const Coded coded = code({-63.5F, 0, 0.5F, 20, 63.5F}, {});
  EXPECT_EQ(coded.scale, 0.5F);
  EXPECT_THAT(coded.integers, testing::ElementsAre(-127, 0, 1, 40, 127));
}

TEST(WeightGrid, ZeroPointsMoveTheGridToWhereTheWeightsAre) {
  const Coded coded = code({-1, 0, 1, 7, 14}, kAsymmetric);  // 16 numbers from -1 to 14
  EXPECT_EQ(coded.scale, 1);
  EXPECT_EQ(coded.zero, 1);
  EXPECT_THAT(coded.integers, testing::ElementsAre(0, 1, 2, 8, 15));
}

TEST(WeightGrid, ANegativeScaleTurnsTheLongEndToTheLargerSide) {
  WeightGrid grid = kSymmetric;
  grid.negative_scales = true;
  const std::vector<float> lane = {8, 4, -7, 1};
  EXPECT_GT(code(lane, kSymmetric).error, 0.01);
  const Coded coded = code(lane, grid);
  EXPECT_LT(coded.scale, 0);
  EXPECT_LT(coded.error, code(lane, kSymmetric).error);
}

TEST(WeightGrid, ARangeIsCutWhereThatCostsLess) {
  std::vector<float> lane;
  for (int i = 0; i < 200; ++i) lane.push_back(0.5F * std::sin(static_cast<float>(i) * 1.7F));
  lane.push_back(0.7F);
  const Coded coded = code(lane, kSymmetric);
  EXPECT_LT(coded.scale, 0.95F * 0.7F / 7);
}

TEST(WeightGrid, ImportantWeightsAreKeptBetter) {
  const std::vector<float> lane = {1, 0.9F, 0.33F, -0.21F, 0.12F, 0.47F};
  const std::vector<float> first = {100, 1, 1, 1, 1, 1}, others = {0, 1, 100, 100, 100, 100};
  const auto errorOf = [&](const std::vector<float>& chosen_for, const std::vector<float>& measured_for) {
    const Coded coded = code(lane, kSymmetric, chosen_for.data());
    double error = 0;
    for (size_t m = 0; m < lane.size(); ++m) {
      error += measured_for[m] * std::pow(coded.integers[m] * static_cast<double>(coded.scale) - lane[m], 2);
    }
    return error;
  };
  EXPECT_LE(errorOf(first, first), errorOf(others, first));
  EXPECT_LT(errorOf(others, others), errorOf(first, others));
}

TEST(WeightGrid, NothingButZerosGetsAScaleThatDivides) {
  for (const WeightGrid& grid : {WeightGrid{}, kSymmetric, kAsymmetric}) {
    const Coded coded = code({0, 0, 0}, grid);
    EXPECT_EQ(coded.error, 0);
    EXPECT_TRUE(std::isfinite(coded.scale) && coded.scale != 0);
  }
}

TEST(WeightGrid, ErrorsOfHugeAndTinyWeightsAreCompared) {
  for (const float unit : {1e30F, 1e-30F}) {
    EXPECT_THAT(code({-127 * unit, 0, unit, 127 * unit}, {}).integers, testing::ElementsAre(-127, 0, 1, 127)) << unit;
  }
}

TEST(WeightGrid, ScalesAreSuchAsTheirTypeHolds) {
  WeightGrid grid;
  grid.scale_type = DataType::kFloat16;
  const Coded coded = code({0.1F, -0.3F, 0.77F}, grid);
  EXPECT_EQ(coded.scale, static_cast<float>(Float16(coded.scale)));
}

}  // namespace
}  // namespace quant
