#include "eval/agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"

namespace quant {
namespace {

TEST(Agreement, SqnrIsTenTimesTheLogOfSignalOverNoise) {
  Agreement agreement;
  agreement.add(Tensor::of<float>({2}, {3, 4}), Tensor::of<float>({2}, {3, 4.5F}));
  EXPECT_NEAR(agreement.sqnr(), 10 * std::log10(25 / 0.25), 1e-9);
  EXPECT_DOUBLE_EQ(agreement.maxError(), 0.5);
}

TEST(Agreement, EqualTensorsHaveInfiniteSqnrAndCosineOne) {
  Agreement agreement;
  agreement.add(Tensor::of<float>({2}, {1, -2}), Tensor::of<float>({2}, {1, -2}));
  EXPECT_TRUE(std::isinf(agreement.sqnr()));
  EXPECT_DOUBLE_EQ(agreement.cosine(), 1);
}

TEST(Agreement, OrthogonalVectorsHaveCosineZero) {
  Agreement agreement;
  agreement.add(Tensor::of<float>({2}, {1, 0}), Tensor::of<float>({2}, {0, 1}));
  EXPECT_DOUBLE_EQ(agreement.cosine(), 0);
}

TEST(Agreement, MergingEqualsAddingToOne) {
  Agreement whole, first, second;
  const auto a = Tensor::of<float>({2}, {1, 2}), b = Tensor::of<float>({2}, {1.5F, 2});
  whole.add(a, b);
  whole.add(b, a);
  first.add(a, b);
  second.add(b, a);
  first.merge(second);
  EXPECT_DOUBLE_EQ(first.sqnr(), whole.sqnr());
  EXPECT_EQ(first.elements(), 4);
}

TEST(Agreement, CountsNonFiniteValuesThatTheFirstModelDidNotHave) {
  const float inf = std::numeric_limits<float>::infinity();
  Agreement agreement;
  agreement.add(Tensor::of<float>({3}, {1, inf, 2}), Tensor::of<float>({3}, {inf, inf, 2}));
  EXPECT_EQ(agreement.newNonFinite(), 1);
}

TEST(Agreement, DifferentShapesAreAnErrorWithBoth) {
  Agreement agreement;
  try {
    agreement.add(Tensor::of<float>({2}, {1, 2}), Tensor::of<float>({1}, {1}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the models' outputs differ in shape: [2] and [1]");
  }
}

TEST(TopK, EqualScoresComeInTheOrderOfTheirIndices) {
  const std::vector<float> scores = {1, 3, 3, 2};
  EXPECT_THAT(topK(scores, 3), testing::ElementsAre(1, 2, 3));
}

TEST(TopK, NaNIsTheWorstScore) {
  const std::vector<float> scores = {std::numeric_limits<float>::quiet_NaN(), 1, 3};
  EXPECT_THAT(topK(scores, 3), testing::ElementsAre(2, 1, 0));
}

TEST(MayDiffer, OnlySizesThatNobodyKnowsBefore) {
  const ValueType found{DataType::kFloat32, Shape{-1, 4}};
  EXPECT_TRUE(mayDiffer(found, {7, 4}, {8, 4}));
  EXPECT_FALSE(mayDiffer(found, {7, 4}, {7, 5}));
  EXPECT_FALSE(mayDiffer(found, {7, 4}, {1, 7, 4}));
  EXPECT_TRUE(mayDiffer(std::nullopt, {7, 4}, {1, 7, 4}));
}

}  // namespace
}  // namespace quant
