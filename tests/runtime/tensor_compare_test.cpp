// The comparison that the runtime's tests rest on.

#include "support/tensor_compare.h"

#include <gtest/gtest.h>

#include <limits>

namespace quant::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(TensorCompare, AcceptsFloatsWithinTheTolerance) {
  EXPECT_EQ(differenceOf(Tensor::of({2}, {1000.9F, 0.0F}), Tensor::of({2}, {1000.0F, 1e-8F})), std::nullopt);
}

TEST(TensorCompare, NamesTheFirstFloatOutsideTheTolerance) {
  EXPECT_EQ(differenceOf(Tensor::of({3}, {1.0F, 2.5F, 4.0F}), Tensor::of({3}, {1.0F, 2.0F, 3.0F})),
            "2 of 3 elements of [3] differ, first at 1: 2.5 instead of 2");
}

TEST(TensorCompare, TakesNanAndInfinityLiterally) {
  EXPECT_EQ(differenceOf(Tensor::of({2}, {kNan, kInfinity}), Tensor::of({2}, {kNan, kInfinity})), std::nullopt);
  EXPECT_NE(differenceOf(Tensor::of({1}, {1.0F}), Tensor::of({1}, {kNan})), std::nullopt);
  EXPECT_NE(differenceOf(Tensor::of({1}, {kNan}), Tensor::of({1}, {1.0F})), std::nullopt);
  EXPECT_NE(differenceOf(Tensor::of({1}, {-kInfinity}), Tensor::of({1}, {kInfinity})), std::nullopt);
  EXPECT_NE(differenceOf(Tensor::of({1}, {3e38F}), Tensor::of({1}, {kInfinity})), std::nullopt);
}

TEST(TensorCompare, WantsIntegersToBeEqual) {
  EXPECT_EQ(differenceOf(Tensor::of<int64_t>({1}, {10001}), Tensor::of<int64_t>({1}, {10000})),
            "1 of 1 elements of [1] differ, first at 0: 10001 instead of 10000");
}

TEST(TensorCompare, ReportsShapeAndType) {
  EXPECT_EQ(differenceOf(Tensor::of({1, 2}, {1.0F, 2.0F}), Tensor::of({2}, {1.0F, 2.0F})),
            "shape [1,2] instead of [2]");
  EXPECT_EQ(differenceOf(Tensor::of({1}, {1.0F}), Tensor::of<int8_t>({1}, {1})), "type float instead of int8");
}

}  // namespace
}  // namespace quant::test
