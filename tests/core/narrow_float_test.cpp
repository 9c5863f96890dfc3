#include "core/narrow_float.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/packed.h"

namespace quant {
namespace {

constexpr DataType kTypes[] = {DataType::kFloat8E4M3FN,   DataType::kFloat8E4M3FNUZ, DataType::kFloat8E5M2,
                               DataType::kFloat8E5M2FNUZ, DataType::kFloat4E2M1,     DataType::kFloat8E8M0};
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

uint8_t codesOf(DataType type) { return static_cast<uint8_t>((1U << elementBits(type)) - 1); }

TEST(NarrowFloat, EveryCodeComesBack) {
  for (const DataType type : kTypes) {
    for (int code = 0; code <= codesOf(type); ++code) {
      const float value = decodeNarrowFloat(type, static_cast<uint8_t>(code));
      const uint8_t back = encodeNarrowFloat(type, value, Overflow::kSpecial, PowerRounding::kDown);
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(decodeNarrowFloat(type, back))) << toString(type) << " " << code;
      } else {
        EXPECT_EQ(back, code) << toString(type) << " " << value;
      }
    }
  }
}

TEST(NarrowFloat, HasTheLargestNumbersOfItsDefinition) {
  EXPECT_EQ(decodeNarrowFloat(DataType::kFloat8E4M3FN, 0x7E), 448);
  EXPECT_EQ(decodeNarrowFloat(DataType::kFloat8E4M3FNUZ, 0x7F), 240);
  EXPECT_EQ(decodeNarrowFloat(DataType::kFloat8E5M2, 0x7B), 57344);
  EXPECT_EQ(decodeNarrowFloat(DataType::kFloat8E5M2FNUZ, 0x7F), 57344);
  EXPECT_EQ(decodeNarrowFloat(DataType::kFloat4E2M1, 0x7), 6);
  EXPECT_EQ(decodeNarrowFloat(DataType::kFloat8E8M0, 0x80), 2);
}

TEST(NarrowFloat, RoundsTiesToTheEvenCode) {
  // Between each pair of neighbouring positive numbers.
  for (const DataType type : kTypes) {
    if (type == DataType::kFloat8E8M0) continue;
    for (int code = 0; code < codesOf(type) / 2; ++code) {
      const float low = decodeNarrowFloat(type, static_cast<uint8_t>(code));
      const float high = decodeNarrowFloat(type, static_cast<uint8_t>(code + 1));
      if (!std::isfinite(low) || !std::isfinite(high)) break;
      const float tie = (low + high) / 2;
      EXPECT_EQ(encodeNarrowFloat(type, tie), code % 2 == 0 ? code : code + 1) << toString(type) << " " << tie;
      EXPECT_EQ(encodeNarrowFloat(type, std::nextafter(tie, 0.0F)), code) << toString(type) << " " << tie;
      EXPECT_EQ(encodeNarrowFloat(type, std::nextafter(tie, HUGE_VALF)), code + 1) << toString(type) << " " << tie;
    }
  }
}

TEST(NarrowFloat, SaturatesOrOverflowsAsAsked) {
  const auto both = [](DataType type, float value) {
    return std::pair(decodeNarrowFloat(type, encodeNarrowFloat(type, value, Overflow::kSaturate)),
                     decodeNarrowFloat(type, encodeNarrowFloat(type, value, Overflow::kSpecial)));
  };
  EXPECT_EQ(both(DataType::kFloat8E5M2, -1e6F), std::pair(-57344.0F, -HUGE_VALF));
  EXPECT_EQ(both(DataType::kFloat8E5M2, HUGE_VALF), std::pair(57344.0F, HUGE_VALF));
  const auto [saturated, special] = both(DataType::kFloat8E4M3FN, HUGE_VALF);
  EXPECT_EQ(saturated, 448);
  EXPECT_TRUE(std::isnan(special));
  EXPECT_TRUE(
      std::isnan(decodeNarrowFloat(DataType::kFloat8E4M3FNUZ, encodeNarrowFloat(DataType::kFloat8E4M3FNUZ, kNan))));
}

TEST(NarrowFloat, TypesWithoutMinusZeroMakeItZero) {
  EXPECT_EQ(encodeNarrowFloat(DataType::kFloat8E4M3FNUZ, -0.0F), 0);
  EXPECT_EQ(encodeNarrowFloat(DataType::kFloat8E5M2FNUZ, -1e-9F), 0);
  EXPECT_EQ(encodeNarrowFloat(DataType::kFloat8E5M2, -0.0F), 0x80);
}

TEST(NarrowFloat, PowersOfTwoRoundTheWayThatIsAskedFor) {
  const auto code = [](float value, PowerRounding rounding) {
    return encodeNarrowFloat(DataType::kFloat8E8M0, value, Overflow::kSaturate, rounding);
  };
  EXPECT_EQ(code(1.1F, PowerRounding::kUp), 128);
  EXPECT_EQ(code(1.9F, PowerRounding::kDown), 127);
  EXPECT_EQ(code(1.4F, PowerRounding::kNearest), 127);
  EXPECT_EQ(code(1.6F, PowerRounding::kNearest), 128);
}

TEST(NarrowFloat, WholeTensorsOfFourBitsLiePacked) {
  const Tensor codes = encodeNarrowFloats(Tensor::of<float>({3}, {0.5F, -6, 100}), DataType::kFloat4E2M1);
  EXPECT_EQ(codes.byteSize(), 2U);
  const Tensor back = decodeNarrowFloats(codes);
  EXPECT_EQ(std::vector<float>(back.data<float>().begin(), back.data<float>().end()),
            (std::vector<float>{0.5F, -6, 6}));
}

}  // namespace
}  // namespace quant
