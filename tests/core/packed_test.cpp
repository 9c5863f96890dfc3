#include "core/packed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quant {
namespace {

using ::testing::ElementsAre;

std::vector<int> bytesOf(const Tensor& tensor) {
  const auto* const bytes = static_cast<const uint8_t*>(tensor.bytes());
  return {bytes, bytes + tensor.byteSize()};
}

TEST(Packed, PutsTheFirstElementIntoTheLowestBits) {
  const Tensor packed = pack(Tensor::of<int8_t>({3}, {1, -2, 7}), DataType::kInt4);
  EXPECT_EQ(packed.type(), DataType::kInt4);
  EXPECT_THAT(bytesOf(packed), ElementsAre(0xE1, 0x07));
  EXPECT_THAT(bytesOf(pack(Tensor::of<uint8_t>({5}, {0, 1, 2, 3, 1}), DataType::kUInt2)), ElementsAre(0xE4, 0x01));
}

TEST(Packed, ComesBackWithItsSign) {
  const Tensor packed = pack(Tensor::of<int8_t>({4}, {-8, -1, 0, 7}), DataType::kInt4);
  EXPECT_THAT(unpack(packed).data<int8_t>(), ElementsAre(-8, -1, 0, 7));
  const Tensor two_bits = pack(Tensor::of<int8_t>({4}, {-2, -1, 0, 1}), DataType::kInt2);
  EXPECT_THAT(unpack(two_bits).data<int8_t>(), ElementsAre(-2, -1, 0, 1));
  EXPECT_THAT(unpack(pack(Tensor::of<uint8_t>({2}, {15, 8}), DataType::kUInt4)).data<uint8_t>(), ElementsAre(15, 8));
}

TEST(Packed, KeepsOnlyTheLowestBits) {
  EXPECT_THAT(unpack(pack(Tensor::of<uint8_t>({2}, {17, 255}), DataType::kUInt4)).data<uint8_t>(), ElementsAre(1, 15));
}

TEST(Packed, IsCopiedWhole) {
  const Tensor copy = pack(Tensor::of<int8_t>({3}, {1, -2, 7}), DataType::kInt4).clone();
  EXPECT_THAT(unpack(copy).data<int8_t>(), ElementsAre(1, -2, 7));
}

}  // namespace
}  // namespace quant
