#include "core/half_conversion.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace quant {
namespace {

/// Every sign, exponent and upper mantissa, each with lower bits around the places where rounding changes.
std::vector<float> awkwardFloats() {
  constexpr uint32_t kLow[] = {0x0000, 0x0001, 0x0FFF, 0x1000, 0x1001, 0x2000, 0x3000,
                               0x7FFF, 0x8000, 0x8001, 0xEFFF, 0xF000, 0xFFFF};
  std::vector<float> values;
  for (uint32_t high = 0; high <= 0xFFFF; ++high) {
    for (const uint32_t low : kLow) values.push_back(std::bit_cast<float>(high << 16 | low));
  }
  return values;
}

TEST(HalfConversion, GivesTheBitsOfFloat16) {
  const auto values = awkwardFloats();
  std::vector<Float16> halves(values.size());
  convertToHalf(values, halves);
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(halves[i].bits, Float16(values[i]).bits) << std::bit_cast<uint32_t>(values[i]);
  }
}

TEST(HalfConversion, GivesTheBitsOfBFloat16) {
  const auto values = awkwardFloats();
  std::vector<BFloat16> halves(values.size());
  convertToHalf(values, halves);
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(halves[i].bits, BFloat16(values[i]).bits) << std::bit_cast<uint32_t>(values[i]);
  }
}

template <class Half>
void expectEveryNumberBack() {
  std::vector<Half> halves(0x10000);
  for (size_t i = 0; i < halves.size(); ++i) halves[i].bits = static_cast<uint16_t>(i);
  std::vector<float> floats(halves.size());
  convertFromHalf(halves, floats);
  for (size_t i = 0; i < halves.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(floats[i]), std::bit_cast<uint32_t>(static_cast<float>(halves[i]))) << i;
  }
}

TEST(HalfConversion, EveryFloat16HasItsFloat) { expectEveryNumberBack<Float16>(); }

TEST(HalfConversion, EveryBFloat16HasItsFloat) { expectEveryNumberBack<BFloat16>(); }

TEST(HalfConversion, TiesGoToTheEvenNumberAlsoBelowTheNormalOnes) {
  const std::vector<float> values = {0x1p-25F, 0x3p-25F, 0x1.8p-24F, 1 + 0x1p-11F, 1 + 0x3p-11F};
  std::vector<Float16> halves(values.size());
  convertToHalf(values, halves);
  EXPECT_EQ(halves[0].bits, 0);  // between 0 and 2^-24
  EXPECT_EQ(halves[1].bits, 2);  // between 2^-24 and 2^-23
  EXPECT_EQ(halves[2].bits, 2);
  EXPECT_EQ(halves[3].bits, 0x3C00);
  EXPECT_EQ(halves[4].bits, 0x3C02);
}

TEST(HalfConversion, TensorsLargerThanABlockAreConvertedWhole) {
  const int64_t count = (int64_t{1} << 21) + 3;
  Tensor floats(DataType::kFloat32, {count});
  for (int64_t i = 0; i < count; ++i) floats.data<float>()[static_cast<size_t>(i)] = static_cast<float>(i % 1000);
  const Tensor halves = toHalf(floats, DataType::kFloat16);
  for (int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<size_t>(i);
    ASSERT_EQ(static_cast<float>(halves.data<Float16>()[at]), floats.data<float>()[at]);
  }
}

TEST(HalfLoss, CountsWhatOverflowsAndWhatVanishes) {
  constexpr float kInfinite = std::numeric_limits<float>::infinity();
  // 65519.9 still rounds to 65504; 2^-25 is the tie that goes to zero; infinity stays what it is.
  const std::vector<float> values = {0,        -0.0F,      1,      -65519.9F, 65520, -1e9F,
                                     0x1p-25F, 0x1.1p-25F, 1e-30F, kInfinite, NAN};
  const HalfLoss loss = lossIn(DataType::kFloat16, values);
  EXPECT_EQ(loss.elements, 11);
  EXPECT_EQ(loss.non_zero, 9);
  EXPECT_EQ(loss.overflowing, 2);
  EXPECT_EQ(loss.vanishing, 2);
  EXPECT_EQ(loss.max_magnitude, 1e9F);
}

TEST(HalfLoss, BFloat16TakesWhatFloat16CannotHold) {
  const std::vector<float> values = {1e9F, 1e-30F, std::numeric_limits<float>::max()};
  const HalfLoss loss = lossIn(DataType::kBFloat16, values);
  EXPECT_EQ(loss.overflowing, 1);  // the largest float lies beyond the largest bfloat16
  EXPECT_EQ(loss.vanishing, 0);
}

}  // namespace
}  // namespace quant
