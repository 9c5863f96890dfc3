#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "runtime/ops/strided_copy.h"
#include "support/op_runner.h"

namespace quant::test {
namespace {

/// Position by position, without any of the kernel's tricks.
template <class T>
Tensor transposedNaively(const Tensor& src, const std::vector<int64_t>& permutation) {
  Shape shape;
  for (const int64_t axis : permutation) shape.push_back(src.shape()[static_cast<size_t>(axis)]);
  Tensor dst(src.type(), shape);
  const auto src_strides = rowMajorStrides(src.shape()), dst_strides = rowMajorStrides(shape);
  for (int64_t i = 0; i < dst.elementCount(); ++i) {
    int64_t from = 0;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      from += i / dst_strides[axis] % shape[axis] * src_strides[static_cast<size_t>(permutation[axis])];
    }
    dst.data<T>()[static_cast<size_t>(i)] = src.data<T>()[static_cast<size_t>(from)];
  }
  return dst;
}

template <class T>
class TransposeOf : public testing::Test {};

using ElementSizes = testing::Types<uint8_t, int16_t, int32_t, int64_t>;
TYPED_TEST_SUITE(TransposeOf, ElementSizes);

TYPED_TEST(TransposeOf, EveryPermutationEqualsTheNaiveOne) {
  Tensor src(kDataTypeOf<TypeParam>, {3, 5, 67, 41});  // more than one tile, and larger than what one thread gets
  for (size_t i = 0; i < src.template data<TypeParam>().size(); ++i) {
    src.template data<TypeParam>()[i] = static_cast<TypeParam>(i * 7919);
  }
  std::vector<int64_t> permutation = {0, 1, 2, 3};
  do {
    const Tensor result = OpRunner("Transpose", 13).attr("perm", permutation).input(src.alias()).run();
    const Tensor actual = convertLayout(result, Layout::kPlain);
    const Tensor expected = transposedNaively<TypeParam>(src, permutation);
    ASSERT_EQ(actual.shape(), expected.shape());
    ASSERT_EQ(std::memcmp(actual.bytes(), expected.bytes(), expected.byteSize()), 0)
        << toString(Shape(permutation.begin(), permutation.end()));
  } while (std::ranges::next_permutation(permutation).found);
}

TEST(Transpose, MovesThePixelsOfAPictureBehindItsChannelsWithoutACopy) {
  const Tensor pixels = counting({2, 3, 4, 5});
  const std::vector<int64_t> to_first = {0, 3, 1, 2}, to_last = {0, 2, 3, 1};
  const Tensor planes = OpRunner("Transpose", 13).attr("perm", to_first).input(pixels.alias()).run();
  EXPECT_EQ(planes.shape(), (Shape{2, 5, 3, 4}));
  EXPECT_EQ(planes.layout(), Layout::kChannelsLast);
  EXPECT_EQ(planes.bytes(), pixels.bytes());
  const Tensor back = OpRunner("Transpose", 13).attr("perm", to_last).input(planes.alias()).run();
  EXPECT_EQ(back.shape(), pixels.shape());
  EXPECT_EQ(back.layout(), Layout::kPlain);
  EXPECT_EQ(back.bytes(), pixels.bytes());
}

TEST(ConvertLayout, CopiesNothingWhereBothLayoutsAreTheSame) {
  for (const Shape& shape : {Shape{2, 1, 3, 4}, Shape{2, 7, 1, 1}}) {
    const Tensor plain = counting(shape);
    const Tensor last = convertLayout(plain, Layout::kChannelsLast);
    EXPECT_EQ(last.bytes(), plain.bytes());
    EXPECT_EQ(last.layout(), Layout::kChannelsLast);
    EXPECT_EQ(last.shape(), shape);
  }
}

TEST(Transpose, ReversesTheAxesByDefault) {
  const Tensor dst = OpRunner("Transpose", 13).input(counting({2, 3})).run();
  EXPECT_EQ(dst.shape(), (Shape{3, 2}));
  EXPECT_EQ(valuesOf(dst), (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST(Transpose, RefusesAPermutationThatNamesAnAxisTwice) {
  EXPECT_EQ(OpRunner("Transpose", 13).attr("perm", std::vector<int64_t>{0, 0}).input(counting({2, 3})).refusal(),
            "axis 0 is given twice");
}

TEST(StridedCopy, ReversesWithNegativeStridesAndRepeatsWithZeroOnes) {
  const Tensor src = counting({3});
  Tensor dst(DataType::kFloat32, {2, 3});
  copyStrided(src, dst, {2, 3}, {0, -1}, 2);
  EXPECT_EQ(valuesOf(dst), (std::vector<float>{2, 1, 0, 2, 1, 0}));
}

TEST(StridedCopy, DoesNothingForAnEmptyBox) {
  const Tensor src = counting({0});
  Tensor dst = counting({2});
  copyStrided(src, dst, {0, 2}, {1, 1});
  EXPECT_EQ(valuesOf(dst), (std::vector<float>{0, 1}));
}

TEST(DepthToSpace, TakesTheBlockFromTheChannelsInBothOrders) {
  const Tensor src = counting({1, 8, 1, 1});
  const auto run = [&](const char* mode) {
    return valuesOf(OpRunner("DepthToSpace", 11)
                        .attr("blocksize", int64_t{2})
                        .attr("mode", std::string(mode))
                        .input(src.alias())
                        .run());
  };
  EXPECT_EQ(run("DCR"), (std::vector<float>{0, 2, 4, 6, 1, 3, 5, 7}));
  EXPECT_EQ(run("CRD"), (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(SpaceToDepth, UndoesDepthToSpace) {
  const Tensor src = counting({2, 12, 3, 5});
  Tensor deep = OpRunner("DepthToSpace", 13).attr("blocksize", int64_t{2}).input(src.alias()).run();
  const Tensor back = OpRunner("SpaceToDepth", 13).attr("blocksize", int64_t{2}).input(std::move(deep)).run();
  EXPECT_EQ(back.shape(), src.shape());
  EXPECT_EQ(valuesOf(back), valuesOf(src));
}

}  // namespace
}  // namespace quant::test
