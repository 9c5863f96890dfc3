#include "core/finite.h"

#include <gtest/gtest.h>

#include <limits>

namespace quant {
namespace {

using Limits = std::numeric_limits<float>;
constexpr int64_t kCount = 37;  // no multiple of a vector

template <class T>
void expectOddNumbersAreFound() {
  for (const float odd : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN()}) {
    for (size_t at = 0; at < kCount; ++at) {
      Tensor values(kDataTypeOf<T>, {kCount});
      for (auto& value : values.data<T>()) value = T(1.5F);
      values.data<T>()[at] = T(odd);
      EXPECT_FALSE(allFinite(values)) << odd << " at " << at;
    }
  }
}

TEST(AllFinite, HoldsForTheLargestAndTheSmallestNumbersAndForNone) {
  EXPECT_TRUE(allFinite(Tensor::of<float>({0}, {})));
  EXPECT_TRUE(allFinite(Tensor::of<float>({5}, {0, -0.0F, Limits::max(), Limits::lowest(), Limits::denorm_min()})));
  EXPECT_TRUE(allFinite(Tensor::of<Float16>({3}, {Float16(65504.0F), Float16(-65504.0F), Float16(6e-8F)})));
  EXPECT_TRUE(allFinite(Tensor::of<BFloat16>({2}, {BFloat16(3.3e38F), BFloat16(-1e-38F)})));
}

TEST(AllFinite, FindsNaNAndInfinityWhereverTheyStand) {
  expectOddNumbersAreFound<float>();
  expectOddNumbersAreFound<Float16>();
  expectOddNumbersAreFound<BFloat16>();
}

}  // namespace
}  // namespace quant
