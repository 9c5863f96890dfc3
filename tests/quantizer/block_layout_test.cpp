#include "quantizer/block_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quant {
namespace {

using testing::ElementsAre;

std::vector<int> bytesOf(const Tensor& tensor) {
  const auto data = tensor.data<uint8_t>();
  return {data.begin(), data.end()};
}

/// Three channels, two columns, in blocks of two: the second block is filled up with one zero.
CodedWeights product() { return {{3, 2}, {2, 2}, {1, 2, 3, 4, 5, 6}, {10, 20, 30, 40}, {1, 2, 3, 4}}; }

TEST(BlockLayout, ColumnsOfAProductLieOneAfterTheOther) {
  const Tensor tensor = productIntegers(product(), 2);
  EXPECT_THAT(tensor.shape(), ElementsAre(2, 2, 1));
  EXPECT_THAT(bytesOf(tensor), ElementsAre(0x31, 0x85, 0x42, 0x86));
}

TEST(BlockLayout, ScalesOfAProductFollowItsColumns) {
  const Tensor tensor = productScales(product(), DataType::kFloat32);
  EXPECT_THAT(std::vector<float>(tensor.data<float>().begin(), tensor.data<float>().end()),
              ElementsAre(10, 30, 20, 40));
}

TEST(BlockLayout, ZeroPointsOfAColumnShareBytes) {
  EXPECT_THAT(bytesOf(productZeros(product())), ElementsAre(0x31, 0x42));
}

TEST(BlockLayout, RowsOfATableArePacked) {
  const CodedWeights coded{{1, 4}, {1, 2}, {1, 2, 3, 4}, {1, 1}, {7, 9}};
  EXPECT_THAT(bytesOf(tableIntegers(coded)), ElementsAre(0x21, 0x43));
  EXPECT_THAT(bytesOf(tableZeros(coded)), ElementsAre(0x97));
}

TEST(BlockLayout, HalvesOfARowMayShareBytes) {
  const CodedWeights coded{{1, 4}, {1, 2}, {1, 2, 3, 4}, {1, 1}, {7, 9}};
  EXPECT_THAT(bytesOf(splitTableIntegers(coded)), ElementsAre(0x31, 0x42));
}

}  // namespace
}  // namespace quant
