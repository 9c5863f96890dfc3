#include "core/data_type.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace quant {
namespace {

TEST(DataType, HasTheSizesAndNamesOfOnnx) {
  EXPECT_EQ(elementSize(DataType::kFloat32), 4);
  EXPECT_EQ(elementSize(DataType::kFloat16), 2);
  EXPECT_EQ(elementSize(DataType::kInt64), 8);
  EXPECT_EQ(elementSize(DataType::kComplex128), 16);
  EXPECT_EQ(toString(DataType::kFloat32), "float");
  EXPECT_EQ(toString(DataType::kUInt8), "uint8");
  EXPECT_EQ(toString(DataType::kBFloat16), "bfloat16");
}

TEST(DataType, CountsBitsWhereAnElementIsLessThanAByte) {
  EXPECT_EQ(elementBits(DataType::kInt4), 4);
  EXPECT_EQ(elementBits(DataType::kUInt2), 2);
  EXPECT_EQ(elementSize(DataType::kInt4), 0);
  EXPECT_EQ(storageBytes(DataType::kInt4, 5), 3U);
  EXPECT_EQ(storageBytes(DataType::kUInt2, 5), 2U);
  EXPECT_EQ(storageBytes(DataType::kFloat8E4M3FN, 5), 5U);
  EXPECT_EQ(storageBytes(DataType::kFloat64, 5), 40U);
}

TEST(DataType, HasNoSizeForStringsAndUnknownTypes) {
  EXPECT_EQ(elementSize(DataType::kString), 0);
  EXPECT_EQ(elementSize(static_cast<DataType>(99)), 0);
  EXPECT_EQ(toString(static_cast<DataType>(99)), "an element type unknown to this program");
}

TEST(DataType, CallsOnlyTheFourFloatTypesFloatingPoint) {
  for (int number = 0; number <= 26; ++number) {
    EXPECT_EQ(isFloatingPoint(static_cast<DataType>(number)),
              number == 1 || number == 10 || number == 11 || number == 16)
        << number;
  }
}

Float16 fromBits(uint16_t bits) {
  Float16 value;
  value.bits = bits;
  return value;
}

// The definition of binary16, in doubles, where every value is exact.
double valueOf(uint16_t bits) {
  const double sign = (bits & 0x8000U) != 0 ? -1.0 : 1.0;
  const int exponent = (bits >> 10) & 0x1F;
  const double mantissa = bits & 0x3FF;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(Float16, AllBitPatternsHaveTheirValueAndComeBack) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto half = fromBits(static_cast<uint16_t>(bits));
    const auto value = static_cast<float>(half);
    if ((bits & 0x7C00U) != 0x7C00U) {
      ASSERT_EQ(static_cast<double>(value), valueOf(half.bits)) << bits;
    } else if ((bits & 0x3FFU) == 0) {
      ASSERT_EQ(value, (bits & 0x8000U) != 0 ? -HUGE_VALF : HUGE_VALF) << bits;
    } else {
      ASSERT_TRUE(std::isnan(value)) << bits;
      ASSERT_TRUE(std::isnan(static_cast<float>(Float16(value)))) << bits;
      continue;
    }
    ASSERT_EQ(Float16(value).bits, half.bits);
    ASSERT_EQ(std::signbit(value), (bits & 0x8000U) != 0) << bits;
  }
}

// Between each pair of neighbours: the tie goes to the even pattern, anything off the tie to the nearer one.
TEST(Float16, RoundsTiesToEvenBetweenAllNeighbours) {
  for (uint16_t bits = 0; bits < 0x7BFF; ++bits) {
    const double low = valueOf(bits), high = valueOf(static_cast<uint16_t>(bits + 1));
    const auto tie = static_cast<float>((low + high) / 2);
    const auto even = static_cast<uint16_t>(bits % 2 == 0 ? bits : bits + 1);
    ASSERT_EQ(Float16(tie).bits, even) << bits;
    ASSERT_EQ(Float16(std::nextafter(tie, 0.0F)).bits, bits);
    ASSERT_EQ(Float16(std::nextafter(tie, HUGE_VALF)).bits, bits + 1);
    ASSERT_EQ(Float16(-tie).bits, even | 0x8000U);
  }
}

TEST(Float16, OverflowsToInfinityFromTheTieOn) {
  EXPECT_EQ(Float16(65504.0F).bits, 0x7BFF);
  EXPECT_EQ(Float16(std::nextafter(65520.0F, 0.0F)).bits, 0x7BFF);
  EXPECT_EQ(Float16(65520.0F).bits, 0x7C00);
  EXPECT_EQ(Float16(-65520.0F).bits, 0xFC00);
  EXPECT_EQ(Float16(std::numeric_limits<float>::max()).bits, 0x7C00);
  EXPECT_EQ(Float16(HUGE_VALF).bits, 0x7C00);
}

TEST(Float16, TinyValuesBecomeSignedZero) {
  EXPECT_EQ(Float16(0x1p-25F).bits, 0);  // a tie between 0 and the smallest subnormal
  EXPECT_EQ(Float16(std::nextafter(0x1p-25F, 1.0F)).bits, 1);
  EXPECT_EQ(Float16(std::numeric_limits<float>::denorm_min()).bits, 0);
  EXPECT_EQ(Float16(-std::numeric_limits<float>::denorm_min()).bits, 0x8000);
}

TEST(BFloat16, AllBitPatternsComeBack) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    BFloat16 value;
    value.bits = static_cast<uint16_t>(bits);
    const auto wide = static_cast<float>(value);
    if (std::isnan(wide)) {
      ASSERT_TRUE(std::isnan(static_cast<float>(BFloat16(wide)))) << bits;
    } else {
      ASSERT_EQ(BFloat16(wide).bits, bits);
    }
  }
}

TEST(BFloat16, RoundsTiesToEven) {
  EXPECT_EQ(BFloat16(std::bit_cast<float>(0x3F808000U)).bits, 0x3F80);  // down to even
  EXPECT_EQ(BFloat16(std::bit_cast<float>(0x3F818000U)).bits, 0x3F82);  // up to even
  EXPECT_EQ(BFloat16(std::bit_cast<float>(0x3F808001U)).bits, 0x3F81);
  EXPECT_EQ(BFloat16(std::numeric_limits<float>::max()).bits, 0x7F80);  // to infinity, as nearest rounding demands
}

TEST(BFloat16, KeepsNanANanWhateverItsPayload) {
  EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(std::bit_cast<float>(0x7F800001U)))));
  EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(std::bit_cast<float>(0x7FFFFFFFU)))));
}

}  // namespace
}  // namespace quant
