#include "quantizer/stored_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/packed.h"
#include "quantizer/weight_only_testing.h"

namespace quant {
namespace {

using test::wave;
using testing::ElementsAre;

constexpr WeightStorage kRows{DataType::kInt8, 0, 0, false, false};
constexpr WeightStorage kColumns{DataType::kInt8, 1, 0, false, false};

float restored(const CodedWeights& coded, size_t at, size_t scale) {
  return static_cast<float>(coded.integers[at] - coded.zeros[scale]) * coded.scales[scale];
}

TEST(StoredWeights, EveryIndexOfTheAxisHasItsScale) {
  const Tensor weights = Tensor::of<float>({2, 3}, {127, -1, 0, 254, 2, -254});
  const CodedWeights rows = codeWeights(weights, kRows, nullptr);
  EXPECT_THAT(rows.scales, ElementsAre(1, 2));
  EXPECT_THAT(rows.integers, ElementsAre(127, -1, 0, 127, 1, -127));
  const CodedWeights columns = codeWeights(weights, kColumns, nullptr);
  EXPECT_THAT(columns.scales_shape, ElementsAre(3));
  EXPECT_EQ(columns.integers[3], 127);  // 254, the largest of its column
}

TEST(StoredWeights, TheAxisMayStandInTheMiddle) {
  const Tensor weights = Tensor::of<float>({2, 2, 2}, {127, 1, 254, 2, -127, 3, -254, 4});
  const CodedWeights coded = codeWeights(weights, kColumns, nullptr);
  EXPECT_THAT(coded.scales, ElementsAre(1, 2));
  EXPECT_THAT(coded.integers, ElementsAre(127, 1, 127, 1, -127, 3, -127, 2));
}

TEST(StoredWeights, TheLastBlockMayBeShort) {
  const WeightStorage storage{DataType::kUInt4, 0, 16, true, false};
  const Tensor weights = wave({37, 19});
  EXPECT_EQ(scalesShape(weights.shape(), storage), (Shape{3, 19}));
  const CodedWeights coded = codeWeights(weights, storage, nullptr);
  for (size_t k = 0; k < 37; ++k) {
    for (size_t n = 0; n < 19; ++n) {
      const size_t at = k * 19 + n, scale = k / 16 * 19 + n;
      EXPECT_NEAR(restored(coded, at, scale), weights.data<float>()[at], 0.15) << k << " " << n;
    }
  }
}

TEST(StoredWeights, BlocksMayLieAlongRows) {
  const WeightStorage storage{DataType::kInt4, 1, 2, false, false};
  const CodedWeights coded = codeWeights(Tensor::of<float>({1, 4}, {7, 1, 70, 10}), storage, nullptr);
  EXPECT_THAT(coded.scales_shape, ElementsAre(1, 2));
  EXPECT_THAT(coded.integers, ElementsAre(7, 1, 7, 1));
}

TEST(StoredWeights, WithoutZeroPointsUnsignedIntegersLieAroundEight) {
  const WeightStorage storage{DataType::kUInt4, 1, 2, false, false};
  const CodedWeights coded = codeWeights(Tensor::of<float>({1, 2}, {7, -1}), storage, nullptr);
  EXPECT_THAT(coded.integers, ElementsAre(15, 7));
  EXPECT_THAT(coded.zeros, ElementsAre(8));
}

TEST(StoredWeights, HalfWeightsGetHalfScales) {
  Tensor weights(DataType::kFloat16, {1, 2});
  weights.data<Float16>()[0] = Float16(12.7F);
  weights.data<Float16>()[1] = Float16(-3.0F);
  const CodedWeights coded = codeWeights(weights, kRows, nullptr);
  const Tensor scales = scalesTensor(coded, DataType::kFloat16);
  EXPECT_EQ(static_cast<float>(scales.data<Float16>()[0]), coded.scales[0]);
  EXPECT_EQ(coded.integers[0], 127);
}

TEST(StoredWeights, FourBitsArePackedTwoInAByte) {
  const Tensor packed = storedTensor({3}, DataType::kInt4, {1, -1, 7});
  ASSERT_EQ(packed.byteSize(), 2U);
  EXPECT_EQ(static_cast<const uint8_t*>(packed.bytes())[0], 0xF1);
  EXPECT_EQ(static_cast<const uint8_t*>(packed.bytes())[1] & 0xF, 7);
}

TEST(StoredWeights, DescribesItself) {
  EXPECT_EQ(kColumns.describe(), "int8, a scale for each index of axis 1");
  EXPECT_EQ((WeightStorage{DataType::kUInt4, 0, 32, true, false}).describe(),
            "uint4, a scale and zero point for 32 along axis 0");
  EXPECT_EQ((WeightStorage{DataType::kInt4, 0, 64, false, false}).describe(), "int4, a scale for 64 along axis 0");
}

}  // namespace
}  // namespace quant
