#include "core/quant_params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"

namespace quant {
namespace {

using ::testing::ElementsAre;

constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(StorageLimits, AreThoseOfTheIntegerTypes) {
  EXPECT_EQ(storageLimits(DataType::kUInt8).low, 0);
  EXPECT_EQ(storageLimits(DataType::kUInt8).high, 255);
  EXPECT_EQ(storageLimits(DataType::kInt8).low, -128);
  EXPECT_EQ(storageLimits(DataType::kInt16).high, 32767);
  EXPECT_EQ(storageLimits(DataType::kUInt16).high, 65535);
  EXPECT_EQ(storageLimits(DataType::kInt32).low, std::numeric_limits<int32_t>::min());
  EXPECT_THROW((void)storageLimits(DataType::kFloat32), Error);
}

TEST(RoundAndSaturate, RoundsHalfToEven) {
  const QuantLimits limits{-128, 127};
  EXPECT_EQ(roundAndSaturate(0.5F, limits), 0);
  EXPECT_EQ(roundAndSaturate(1.5F, limits), 2);
  EXPECT_EQ(roundAndSaturate(2.5F, limits), 2);
  EXPECT_EQ(roundAndSaturate(-0.5F, limits), 0);
  EXPECT_EQ(roundAndSaturate(-1.5F, limits), -2);
  EXPECT_EQ(roundAndSaturate(-2.5F, limits), -2);
  EXPECT_EQ(roundAndSaturate(std::nextafter(0.5F, 1.0F), limits), 1);
}

TEST(RoundAndSaturate, StopsAtTheLimits) {
  EXPECT_EQ(roundAndSaturate(1e30F, {-128, 127}), 127);
  EXPECT_EQ(roundAndSaturate(-kInfinity, {-128, 127}), -128);
  EXPECT_EQ(roundAndSaturate(4e9F, storageLimits(DataType::kInt32)), std::numeric_limits<int32_t>::max());
  EXPECT_EQ(roundAndSaturate(-4e9F, storageLimits(DataType::kInt32)), std::numeric_limits<int32_t>::min());
}

TEST(QuantParams, RoundsBeforeItAddsTheZeroPoint) {
  // 0.5 / 1 rounds to 0 and then moves to 3; adding first would give 3.5 -> 4.
  EXPECT_EQ(QuantParams(DataType::kUInt8, 1, 3).quantize(0.5F), 3);
  EXPECT_EQ(QuantParams(DataType::kUInt8, 1, 3).quantize(1.5F), 5);
}

TEST(QuantParams, SaturatesOnBothSidesWhateverTheZeroPoint) {
  const QuantParams params(DataType::kUInt8, 0.5F, 200);
  EXPECT_EQ(params.quantize(27.5F), 255);
  EXPECT_EQ(params.quantize(1e9F), 255);
  EXPECT_EQ(params.quantize(-100), 0);
  EXPECT_EQ(params.quantize(-kInfinity), 0);
  EXPECT_EQ(params.quantize(kInfinity), 255);
}

TEST(QuantParams, TurnsNanIntoTheZeroPoint) {
  EXPECT_EQ(QuantParams(DataType::kInt8, 0.1F, -7).quantize(std::nanf("")), -7);
}

TEST(QuantParams, TheEndsOfInt32DoNotOverflow) {
  const QuantParams params(DataType::kInt32, 1, 5);
  EXPECT_EQ(params.quantize(1e30F), std::numeric_limits<int32_t>::max());
  EXPECT_EQ(params.quantize(-1e30F), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(params.dequantize(std::numeric_limits<int32_t>::min()), -2147483648.0F);
}

TEST(QuantParams, DequantizesEveryIntegerBackToItself) {
  const QuantParams params(DataType::kInt8, 0.037F, 13);
  for (int q = -128; q <= 127; ++q) EXPECT_EQ(params.quantize(params.dequantize(q)), q);
}

TEST(QuantParams, RefusesScalesThatAreNotFiniteAndPositive) {
  for (const float scale : {0.0F, -1.0F, kInfinity, std::nanf("")}) {
    EXPECT_THROW(QuantParams(DataType::kInt8, scale, 0), Error) << scale;
  }
}

TEST(QuantParams, RefusesZeroPointsOutsideTheStorageType) {
  EXPECT_THROW(QuantParams(DataType::kUInt8, 1, -1), Error);
  EXPECT_THROW(QuantParams(DataType::kInt8, 1, 128), Error);
  EXPECT_NO_THROW(QuantParams(DataType::kUInt8, 1, 255));
}

TEST(QuantParams, RefusesMoreScalesThanZeroPoints) {
  EXPECT_THROW(QuantParams(DataType::kInt8, {1, 2}, {0}, 0), Error);
  EXPECT_THROW(QuantParams(DataType::kInt8, std::vector<float>{}, {}, 0), Error);
}

TEST(QuantParams, QuantizesATensorWithOneScaleForEachChannel) {
  const QuantParams params(DataType::kInt8, {1, 2}, {0, 1}, 1);
  const auto q = params.quantize(Tensor::of<float>({2, 2, 2}, {1, 2, 1, 2, -3, -4, -3, -4}));
  EXPECT_EQ(q.type(), DataType::kInt8);
  EXPECT_THAT(q.data<int8_t>(), ElementsAre(1, 2, 1, 2, -3, -4, -1, -1));
  const auto real = params.dequantize(q);
  EXPECT_THAT(real.data<float>(), ElementsAre(1, 2, 0, 2, -3, -4, -4, -4));
}

TEST(QuantParams, ANegativeAxisCountsFromTheEnd) {
  const QuantParams params(DataType::kInt8, {1, 10}, {0, 0}, -1);
  EXPECT_THAT(params.quantize(Tensor::of<float>({2, 2}, {10, 10, 20, 20})).data<int8_t>(), ElementsAre(10, 1, 20, 2));
}

TEST(QuantParams, FollowsTheChannelAxisInAChannelsLastTensor) {
  // Shape [1,2,1,2]: the memory order is position 0 (channels 0, 1), position 1 (channels 0, 1).
  Tensor real(DataType::kFloat32, {1, 2, 1, 2}, Layout::kChannelsLast);
  std::ranges::fill(real.data<float>(), 20.0F);
  const auto by_channel = QuantParams(DataType::kInt8, {1, 10}, {0, 0}, 1).quantize(real);
  EXPECT_EQ(by_channel.layout(), Layout::kChannelsLast);
  EXPECT_THAT(by_channel.data<int8_t>(), ElementsAre(20, 2, 20, 2));
  const auto by_column = QuantParams(DataType::kInt8, {1, 10}, {0, 0}, 3).quantize(real);
  EXPECT_THAT(by_column.data<int8_t>(), ElementsAre(20, 20, 2, 2));
}

TEST(QuantParams, RefusesATensorWithAnotherNumberOfChannels) {
  EXPECT_THROW((void)QuantParams(DataType::kInt8, {1, 2}, {0, 0}, 0).quantize(Tensor::of<float>({3}, {1, 2, 3})),
               Error);
}

TEST(QuantParams, SaysWhichRealValuesItCanHold) {
  EXPECT_EQ(QuantParams(DataType::kUInt8, 0.5F, 10).representable(), (Range{-5, 122.5F}));
  EXPECT_EQ(QuantParams(DataType::kInt8, {1, 2}, {0, -128}, 0).representable(1), (Range{0, 510}));
}

TEST(AsymmetricParams, SpreadsTheRangeOverTheWholeStorage) {
  EXPECT_EQ(asymmetricParams({-1, 1.55F}, DataType::kUInt8), QuantParams(DataType::kUInt8, 0.01F, 100));
  EXPECT_EQ(asymmetricParams({0, 2.55F}, DataType::kInt8), QuantParams(DataType::kInt8, 0.01F, -128));
}

TEST(AsymmetricParams, WidensTheRangeToHoldZeroExactly) {
  EXPECT_EQ(asymmetricParams({1, 255}, DataType::kUInt8), QuantParams(DataType::kUInt8, 1, 0));
  EXPECT_EQ(asymmetricParams({-255, -1}, DataType::kUInt8), QuantParams(DataType::kUInt8, 1, 255));
  for (const Range range : {Range{-0.3F, 7}, Range{-5, 0.01F}, Range{3, 4}}) {
    const auto params = asymmetricParams(range, DataType::kUInt8);
    EXPECT_EQ(params.dequantize(params.quantize(0)), 0);
  }
}

TEST(AsymmetricParams, HoldsTheRangeToWithinHalfAStep) {
  for (const Range range : {Range{-0.77F, 3.1F}, Range{-12, 0.5F}, Range{0, 6}, Range{-1e-3F, 1e3F}}) {
    for (const DataType storage : {DataType::kUInt8, DataType::kInt8, DataType::kUInt16, DataType::kInt16}) {
      const auto params = asymmetricParams(range, storage);
      const Range held = params.representable();
      EXPECT_NEAR(held.low, range.low, params.scale() * 0.51F);
      EXPECT_NEAR(held.high, range.high, params.scale() * 0.51F);
    }
  }
}

TEST(AsymmetricParams, AllZeroDataGetsScaleOne) {
  EXPECT_EQ(asymmetricParams({0, 0}, DataType::kUInt8), QuantParams(DataType::kUInt8, 1, 0));
  EXPECT_EQ(asymmetricParams({0, 0}, DataType::kInt8), QuantParams(DataType::kInt8, 1, 0));
}

TEST(AsymmetricParams, DenormalRangesCountAsZero) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(asymmetricParams({0, tiny}, DataType::kUInt8), QuantParams(DataType::kUInt8, 1, 0));
  EXPECT_EQ(asymmetricParams({-1e-40F, 1e-40F}, DataType::kInt8), QuantParams(DataType::kInt8, 1, 0));
}

TEST(AsymmetricParams, TheSmallestNormalScaleIsStillUsed) {
  const float smallest = std::numeric_limits<float>::min();
  const auto params = asymmetricParams({0, smallest * 256}, DataType::kUInt8);
  EXPECT_EQ(params.quantize(smallest * 256), 255);
}

TEST(AsymmetricParams, HugeRangesStayFinite) {
  for (const Range range : {Range{-kMax, kMax}, Range{0, kMax}, Range{-kMax, 0}, Range{-1, kMax}}) {
    for (const DataType storage : {DataType::kUInt8, DataType::kInt8, DataType::kInt16}) {
      const Range held = asymmetricParams(range, storage).representable();
      EXPECT_TRUE(std::isfinite(held.low) && std::isfinite(held.high)) << range.low << ' ' << range.high;
    }
  }
}

TEST(SymmetricParams, TakesTheLargerSide) {
  EXPECT_EQ(symmetricParams({-2.54F, 1}, DataType::kInt8), QuantParams(DataType::kInt8, 0.02F, 0));
  EXPECT_EQ(symmetricParams({-1, 2.54F}, DataType::kInt8), QuantParams(DataType::kInt8, 0.02F, 0));
}

TEST(SymmetricParams, UnsignedTypesPutZeroInTheMiddleOnlyWhenThereAreNegatives) {
  EXPECT_EQ(symmetricParams({-2.54F, 1}, DataType::kUInt8), QuantParams(DataType::kUInt8, 0.02F, 128));
  EXPECT_EQ(symmetricParams({0, 2.55F}, DataType::kUInt8), QuantParams(DataType::kUInt8, 0.01F, 0));
}

TEST(SymmetricParams, HugeRangesStayFiniteAndEmptyOnesGetScaleOne) {
  for (const DataType storage : {DataType::kUInt8, DataType::kInt8}) {
    const Range held = symmetricParams({-kMax, kMax}, storage).representable();
    EXPECT_TRUE(std::isfinite(held.low) && std::isfinite(held.high));
    EXPECT_EQ(symmetricParams({0, 0}, storage).scale(), 1);
    EXPECT_EQ(symmetricParams({0, 0}, storage).zeroPoint(), 0);
  }
}

TEST(SymmetricWeightScale, PutsTheLargestWeightAt127) {
  EXPECT_FLOAT_EQ(symmetricWeightScale(1.27F, DataType::kInt8), 0.01F);
  const QuantParams params(DataType::kInt8, symmetricWeightScale(0.3F, DataType::kInt8), 0);
  EXPECT_EQ(params.quantize(0.3F), 127);
  EXPECT_EQ(params.quantize(-0.3F), -127);
}

TEST(SymmetricWeightScale, IsOneForAChannelOfZerosOrDenormals) {
  EXPECT_EQ(symmetricWeightScale(0, DataType::kInt8), 1);
  EXPECT_EQ(symmetricWeightScale(1e-40F, DataType::kInt8), 1);
}

TEST(SymmetricWeightScale, TheLargestWeightStaysFinite) {
  EXPECT_TRUE(std::isfinite(127 * symmetricWeightScale(kMax, DataType::kInt8)));
  EXPECT_TRUE(std::isfinite(32767 * symmetricWeightScale(kMax, DataType::kInt16)));
}

TEST(QuantParams, FourBitsLiePacked) {
  const QuantLimits limits = storageLimits(DataType::kUInt4);
  EXPECT_EQ(limits.low, 0);
  EXPECT_EQ(limits.high, 15);
  EXPECT_EQ(storageLimits(DataType::kInt2).low, -2);
  EXPECT_EQ(storageLimits(DataType::kInt2).high, 1);
  const QuantParams params(DataType::kInt4, 0.5F, 0);
  const Tensor q = params.quantize(Tensor::of<float>({3}, {1, -100, 100}));
  EXPECT_EQ(q.type(), DataType::kInt4);
  EXPECT_EQ(q.byteSize(), 2U);
  const Tensor back = params.dequantize(q);
  EXPECT_EQ(std::vector<float>(back.data<float>().begin(), back.data<float>().end()),
            (std::vector<float>{1, -4, 3.5F}));
}

}  // namespace
}  // namespace quant
