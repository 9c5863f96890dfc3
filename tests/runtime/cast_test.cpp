#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/op_runner.h"

namespace quant::test {
namespace {

template <class To, class From>
To cast(From value) {
  const Tensor dst =
      OpRunner("Cast", 13).attr("to", static_cast<int64_t>(kDataTypeOf<To>)).input(Tensor::scalar(value)).run();
  return dst.data<To>()[0];
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Cast, TruncatesFloatsTowardsZero) {
  EXPECT_EQ(cast<int32_t>(2.9F), 2);
  EXPECT_EQ(cast<int32_t>(-2.9F), -2);
  EXPECT_EQ(cast<uint8_t>(-0.9F), 0);
}

TEST(Cast, SaturatesFloatsThatNoIntegerHolds) {
  EXPECT_EQ(cast<int8_t>(300.0F), 127);
  EXPECT_EQ(cast<uint8_t>(-5.0F), 0);
  EXPECT_EQ(cast<int32_t>(3e9F), std::numeric_limits<int32_t>::max());
  EXPECT_EQ(cast<int64_t>(-1e30), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(cast<int64_t>(std::numeric_limits<float>::infinity()), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(cast<int32_t>(kNan), 0);
}

TEST(Cast, KeepsTheEndsOfTheIntegerRange) {
  EXPECT_EQ(cast<int32_t>(-2147483648.0F), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(cast<int32_t>(2147483647.0), std::numeric_limits<int32_t>::max());
}

TEST(Cast, DropsTheUpperBitsOfIntegers) {
  EXPECT_EQ(cast<int8_t>(int16_t{200}), -56);
  EXPECT_EQ(cast<uint8_t>(int32_t{-1}), 255);
}

TEST(Cast, TakesOnlyZeroForFalse) {
  EXPECT_FALSE(cast<bool>(-0.0F));
  EXPECT_TRUE(cast<bool>(0.1F));
  EXPECT_TRUE(cast<bool>(kNan));
  EXPECT_TRUE(cast<bool>(int32_t{256}));
}

TEST(Cast, RoundsDoubleToFloat16Once) {
  // Just above the middle of 1 and the next float16: rounding to float first would lose the difference and then round
  // to the even one, 1.
  const double above_middle = 1 + 0x1p-11 + 0x1p-40;
  EXPECT_EQ(static_cast<float>(cast<Float16>(above_middle)), 1 + 0x1p-10F);
  EXPECT_EQ(static_cast<float>(cast<Float16>(1 + 0x1p-11)), 1.0F);
}

TEST(Cast, OverflowsFloat16ToInfinity) { EXPECT_TRUE(std::isinf(static_cast<float>(cast<Float16>(int32_t{70000})))); }

TEST(Cast, KeepsChannelsLast) {
  Tensor src(DataType::kFloat32, {1, 2, 1, 2}, Layout::kChannelsLast);
  std::ranges::copy(std::vector<float>{1, 2, 3, 4}, src.data<float>().begin());
  const Tensor dst =
      OpRunner("Cast", 13).attr("to", static_cast<int64_t>(DataType::kInt32)).input(std::move(src)).run();
  EXPECT_EQ(dst.layout(), Layout::kChannelsLast);
  EXPECT_EQ(valuesOf<int32_t>(dst), (std::vector<int32_t>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace quant::test
