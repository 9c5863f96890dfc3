// Operators that select elements by index: Gather, Scatter, OneHot, TopK, Unique, Where.

#include <gtest/gtest.h>

#include <limits>

#include "support/op_runner.h"

namespace quant::test {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<int64_t>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Gather, CountsNegativeIndicesFromTheEnd) {
  const Tensor dst = OpRunner("Gather", 13).attr("axis", int64_t{1}).input(counting({2, 3})).input(ints({-1, 0})).run();
  EXPECT_EQ(valuesOf(dst), (Floats{2, 0, 5, 3}));
}

TEST(Gather, RemovesTheAxisForAScalarIndex) {
  const Tensor dst = OpRunner("Gather", 13).input(counting({2, 3})).input(Tensor::scalar<int64_t>(1)).run();
  EXPECT_EQ(dst.shape(), (Shape{3}));
  EXPECT_EQ(valuesOf(dst), (Floats{3, 4, 5}));
}

TEST(Gather, RefusesAnIndexOutsideTheAxis) {
  EXPECT_EQ(OpRunner("Gather", 13).input(counting({2, 3})).input(ints({2})).refusal(),
            "index 2 is outside an axis of size 2");
}

TEST(Gather, EqualsTheNaiveLoopOnALargeTensor) {
  const Tensor src = counting({7, 300, 40});
  const Tensor dst =
      OpRunner("Gather", 13).attr("axis", int64_t{1}).input(src.alias()).input(ints({299, 5, -300})).run();
  const Ints picked = {299, 5, 0};
  for (size_t i = 0; i < 7 * 3 * 40; ++i) {
    const size_t outer = i / 120, row = static_cast<size_t>(picked[i / 40 % 3]), column = i % 40;
    ASSERT_EQ(dst.data<float>()[i], src.data<float>()[(outer * 300 + row) * 40 + column]);
  }
}

TEST(ScatterElements, AppliesEveryUpdateThatHitsTheSameElement) {
  const Tensor dst = OpRunner("ScatterElements", 18)
                         .attr("reduction", std::string("add"))
                         .input(counting({3}))
                         .input(ints({1, 1, -1}))
                         .input(Tensor::of<float>({3}, {10, 20, 30}))
                         .run();
  EXPECT_EQ(valuesOf(dst), (Floats{0, 31, 32}));
}

TEST(ScatterElements, LeavesItsInputAlone) {
  const Tensor data = counting({3});
  OpRunner("ScatterElements", 18).input(data.alias()).input(ints({0})).input(Tensor::of<float>({1}, {9})).run();
  EXPECT_EQ(valuesOf(data), (Floats{0, 1, 2}));
}

TEST(ScatterNd, RefusesUpdatesOfAnotherShape) {
  EXPECT_EQ(OpRunner("ScatterND", 18)
                .input(counting({3, 2}))
                .input(ints({1}).alias({1, 1}))
                .input(Tensor::of<float>({1}, {9}))
                .refusal(),
            "ScatterND with updates of shape [1], expected [1,2]");
}

Floats oneHot(int64_t opset, std::initializer_list<int64_t> indices) {
  return valuesOf(OpRunner("OneHot", opset)
                      .input(ints(indices))
                      .input(Tensor::scalar<int64_t>(3))
                      .input(Tensor::of<float>({2}, {0, 1}))
                      .run());
}

TEST(OneHot, CountsNegativeIndicesFromTheEndSinceOpset11) {
  EXPECT_EQ(oneHot(9, {-1}), (Floats{0, 0, 0}));
  EXPECT_EQ(oneHot(11, {-1}), (Floats{0, 0, 1}));
}

TEST(OneHot, IsAllOffForAnIndexOutsideTheDepth) { EXPECT_EQ(oneHot(11, {3}), (Floats{0, 0, 0})); }

TEST(TopK, TakesKFromItsAttributeBeforeOpset10) {
  const auto dst = OpRunner("TopK", 9).attr("k", int64_t{2}).input(Tensor::of<float>({4}, {1, 4, 3, 4})).runAll(2);
  EXPECT_EQ(valuesOf(dst[0]), (Floats{4, 4}));
  EXPECT_EQ(valuesOf<int64_t>(dst[1]), (Ints{1, 3}));
}

TEST(TopK, TakesTheSmallestAlongAnInnerAxis) {
  const auto dst = OpRunner("TopK", 11)
                       .attr("axis", int64_t{0})
                       .attr("largest", int64_t{0})
                       .input(Tensor::of<int64_t>({3, 2}, {5, 1, 3, 2, 4, 0}))
                       .input(ints({2}))
                       .runAll(2);
  EXPECT_EQ(valuesOf<int64_t>(dst[0]), (Ints{3, 0, 4, 1}));
  EXPECT_EQ(valuesOf<int64_t>(dst[1]), (Ints{1, 2, 2, 0}));
}

TEST(TopK, CountsNanAsTheLargest) {
  const auto dst = OpRunner("TopK", 11).input(Tensor::of<float>({4}, {1, kNan, 3, kNan})).input(ints({3})).runAll(2);
  EXPECT_EQ(valuesOf<int64_t>(dst[1]), (Ints{1, 3, 2}));
}

TEST(TopK, RefusesMoreElementsThanThereAre) {
  EXPECT_EQ(OpRunner("TopK", 11).input(counting({2})).input(ints({3})).refusal(),
            "TopK of 3 elements along an axis of size 2");
}

TEST(Unique, KeepsTheOrderOfAppearanceWhenItDoesNotSort) {
  const auto dst =
      OpRunner("Unique", 11).attr("sorted", int64_t{0}).input(Tensor::of<float>({5}, {2, 1, 1, 3, 2})).runAll(4);
  EXPECT_EQ(valuesOf(dst[0]), (Floats{2, 1, 3}));
  EXPECT_EQ(valuesOf<int64_t>(dst[1]), (Ints{0, 1, 3}));
  EXPECT_EQ(valuesOf<int64_t>(dst[2]), (Ints{0, 1, 1, 2, 0}));
  EXPECT_EQ(valuesOf<int64_t>(dst[3]), (Ints{2, 2, 1}));
}

TEST(Where, BroadcastsAllThreeInputs) {
  const Tensor dst = OpRunner("Where", 16)
                         .input(Tensor::of<bool>({2, 1}, {true, false}))
                         .input(counting({3}))
                         .input(Tensor::scalar(9.0F))
                         .run();
  EXPECT_EQ(dst.shape(), (Shape{2, 3}));
  EXPECT_EQ(valuesOf(dst), (Floats{0, 1, 2, 9, 9, 9}));
}

TEST(NonZero, IsEmptyOrOneColumnForAScalar) {
  EXPECT_EQ(OpRunner("NonZero", 13).input(Tensor::scalar(0.0F)).run().shape(), (Shape{0, 0}));
  EXPECT_EQ(OpRunner("NonZero", 13).input(Tensor::scalar(5.0F)).run().shape(), (Shape{0, 1}));
}

}  // namespace
}  // namespace quant::test
