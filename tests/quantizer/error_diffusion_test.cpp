#include "quantizer/error_diffusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/half_conversion.h"

namespace quant {
namespace {

using testing::ElementsAre;

constexpr float kUlp = 0x1p-10F;  // between float16 numbers from 1 to 2
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> diffused(Shape shape, const std::vector<float>& weights, DataType half = DataType::kFloat16) {
  const Tensor halves = diffuseToHalf(Tensor::of<float>(std::move(shape), std::span<const float>(weights)), half);
  std::vector<float> result(weights.size());
  if (half == DataType::kFloat16) {
    convertFromHalf(halves.data<Float16>(), result);
  } else {
    convertFromHalf(halves.data<BFloat16>(), result);
  }
  return result;
}

TEST(ErrorDiffusion, WhatRoundingTakesIsAddedToTheNextWeight) {
  // In steps of 1 + ulp: 0.4 -> 0, 0.4 + 0.4 -> 1, 0.4 - 0.2 -> 0, 0.4 + 0.2 -> 1, 0.4 - 0.4 -> 0. Alone, each is 0.
  const float weight = 1 + 0.4F * kUlp;
  EXPECT_THAT(diffused({1, 1, 5}, std::vector<float>(5, weight)), ElementsAre(1, 1 + kUlp, 1, 1 + kUlp, 1));
}

TEST(ErrorDiffusion, RowsDoNotSeeEachOther) {
  const float weight = 1 + 0.4F * kUlp;
  EXPECT_THAT(diffused({2, 1, 2}, std::vector<float>(4, weight)), ElementsAre(1, 1 + kUlp, 1, 1 + kUlp));
}

TEST(ErrorDiffusion, ZerosStayZerosAndPassTheErrorOn) {
  const float weight = 1 + 0.4F * kUlp;
  EXPECT_THAT(diffused({1, 1, 4}, {weight, 0, -0.0F, weight}), ElementsAre(1, 0, 0, 1 + kUlp));
}

TEST(ErrorDiffusion, NanAndInfinityStayAndSpoilNothing) {
  const float weight = 1 + 0.4F * kUlp;
  const auto row = diffused({1, 1, 4}, {weight, std::nanf(""), kInfinity, weight});
  EXPECT_EQ(row[0], 1);
  EXPECT_TRUE(std::isnan(row[1]));
  EXPECT_EQ(row[2], kInfinity);
  EXPECT_EQ(row[3], 1 + kUlp);
}

TEST(ErrorDiffusion, TheLargestNumberDoesNotOverflowForItsNeighbour) {
  // 32784 lies in the middle of 32768 and 32800 and goes to the even one, which leaves 16; 65504 + 16 is infinite.
  EXPECT_THAT(diffused({1, 1, 2}, {32784, 65504}), ElementsAre(32768, 65504));
  EXPECT_THAT(diffused({1, 1, 1}, {70000}), ElementsAre(kInfinity)) << "as rounding to float16 does";
}

TEST(ErrorDiffusion, SumsOfRowsAreExactToHalfAStep) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  constexpr int64_t kRows = 37, kColumns = 27;
  for (const DataType half : {DataType::kFloat16, DataType::kBFloat16}) {
    std::vector<float> weights(kRows * kColumns);
    for (float& weight : weights) weight = normal(random);
    const auto halves = diffused({kRows, 3, 3, 3}, weights, half);
    const double step = half == DataType::kFloat16 ? 0x1p-9 : 0x1p-6;  // from 2 to 4
    for (size_t row = 0; row < kRows; ++row) {
      double error = 0;
      for (size_t i = row * kColumns; i < (row + 1) * kColumns; ++i) error += halves[i] - weights[i];
      EXPECT_LE(std::abs(error), step / 2) << row;
    }
  }
}

TEST(ErrorDiffusion, NoRowsAndNoColumnsAreFine) {
  EXPECT_EQ(diffuseToHalf(Tensor(DataType::kFloat32, {0, 3, 3}), DataType::kFloat16).elementCount(), 0);
  EXPECT_EQ(diffuseToHalf(Tensor(DataType::kFloat32, {4, 0, 3}), DataType::kFloat16).elementCount(), 0);
}

}  // namespace
}  // namespace quant
