#include <gtest/gtest.h>

#include "support/op_runner.h"

namespace quant::test {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<int64_t>;

TEST(Reshape, SharesTheElementsOfItsInput) {
  const Tensor src = counting({2, 3});
  const Tensor dst = OpRunner("Reshape", 13).input(src.alias()).input(ints({3, -1})).run();
  EXPECT_EQ(dst.shape(), (Shape{3, 2}));
  EXPECT_EQ(dst.bytes(), src.bytes());
}

TEST(Reshape, CopiesASizeWhereTheTargetIsZero) {
  EXPECT_EQ(OpRunner("Reshape", 13).input(counting({2, 3})).input(ints({0, 1, -1})).run().shape(), (Shape{2, 1, 3}));
}

TEST(Reshape, TakesZeroLiterallyWhenAllowed) {
  const Tensor dst =
      OpRunner("Reshape", 14).attr("allowzero", int64_t{1}).input(counting({0, 3})).input(ints({3, 0})).run();
  EXPECT_EQ(dst.shape(), (Shape{3, 0}));
}

TEST(Reshape, RefusesAnotherNumberOfElements) {
  EXPECT_EQ(OpRunner("Reshape", 13).input(counting({2, 3})).input(ints({4})).refusal(),
            "a tensor of shape [2,3] cannot be reshaped to [4]");
  EXPECT_EQ(OpRunner("Reshape", 13).input(counting({2, 3})).input(ints({4, -1})).refusal(),
            "a tensor of shape [2,3] cannot be reshaped to [4,-1]");
  EXPECT_EQ(OpRunner("Reshape", 13).input(counting({2, 3})).input(ints({-1, -1})).refusal(),
            "a tensor of shape [2,3] cannot be reshaped to [-1,-1]");
}

TEST(Flatten, MakesAMatrixAroundItsAxis) {
  EXPECT_EQ(OpRunner("Flatten", 13).input(counting({2, 3, 4})).run().shape(), (Shape{2, 12}));
  EXPECT_EQ(OpRunner("Flatten", 13).attr("axis", int64_t{-1}).input(counting({2, 3, 4})).run().shape(), (Shape{6, 4}));
  EXPECT_EQ(OpRunner("Flatten", 13).attr("axis", int64_t{3}).input(counting({2, 3, 4})).run().shape(), (Shape{24, 1}));
}

TEST(Squeeze, TakesAxesFromAttributeAndInput) {
  EXPECT_EQ(OpRunner("Squeeze", 11).attr("axes", Ints{-1}).input(counting({1, 2, 1})).run().shape(), (Shape{1, 2}));
  EXPECT_EQ(OpRunner("Squeeze", 13).input(counting({1, 2, 1})).input(ints({0})).run().shape(), (Shape{2, 1}));
  EXPECT_EQ(OpRunner("Squeeze", 13).input(counting({1, 2, 1})).run().shape(), (Shape{2}));
}

TEST(Squeeze, RefusesAnAxisThatIsNotOne) {
  EXPECT_EQ(OpRunner("Squeeze", 13).input(counting({1, 2})).input(ints({1})).refusal(),
            "Squeeze of axis 1, which is not 1, in shape [1,2]");
}

TEST(Unsqueeze, CountsAxesInTheResult) {
  EXPECT_EQ(OpRunner("Unsqueeze", 11).attr("axes", Ints{0, 3}).input(counting({2, 3})).run().shape(),
            (Shape{1, 2, 3, 1}));
  EXPECT_EQ(OpRunner("Unsqueeze", 13).input(counting({2, 3})).input(ints({-1, 1})).run().shape(), (Shape{2, 1, 3, 1}));
}

TEST(Dropout, PassesItsInputAndAMaskOfOnes) {
  const Tensor src = counting({3});
  const auto dst = OpRunner("Dropout", 12).input(src.alias()).runAll(2);
  EXPECT_EQ(dst[0].bytes(), src.bytes());
  EXPECT_EQ(valuesOf<bool>(dst[1]), (std::vector<bool>{true, true, true}));
}

TEST(Dropout, HasAMaskOfTheInputsTypeBeforeOpset10) {
  EXPECT_EQ(valuesOf(OpRunner("Dropout", 9).input(counting({2})).runAll(2)[1]), (Floats{1, 1}));
}

TEST(Dropout, RefusesTraining) {
  EXPECT_EQ(
      OpRunner("Dropout", 13).input(counting({2})).input(Tensor::scalar(0.5F)).input(Tensor::scalar(true)).refusal(),
      "Dropout in training mode");
}

TEST(Identity, KeepsChannelsLast) {
  EXPECT_EQ(
      OpRunner("Identity", 13).input(Tensor(DataType::kFloat32, {1, 2, 2, 2}, Layout::kChannelsLast)).run().layout(),
      Layout::kChannelsLast);
}

TEST(Split, TakesSizesFromItsAttributeBeforeOpset13) {
  const auto parts = OpRunner("Split", 11).attr("split", Ints{1, 2}).input(counting({3})).runAll(2);
  EXPECT_EQ(valuesOf(parts[0]), (Floats{0}));
  EXPECT_EQ(valuesOf(parts[1]), (Floats{1, 2}));
}

TEST(Split, MakesTheLastPartSmaller) {
  const auto parts = OpRunner("Split", 18).attr("num_outputs", int64_t{3}).input(counting({7})).runAll(3);
  EXPECT_EQ(valuesOf(parts[0]), (Floats{0, 1, 2}));
  EXPECT_EQ(valuesOf(parts[2]), (Floats{6}));
}

TEST(Split, RefusesPartsThatDoNotAddUp) {
  EXPECT_EQ(OpRunner("Split", 13).input(counting({3})).input(ints({1})).refusal(),
            "Split into parts of 1 elements together, but the axis has 3");
}

TEST(Concat, RefusesShapesThatDifferElsewhere) {
  EXPECT_EQ(OpRunner("Concat", 13).attr("axis", int64_t{0}).input(counting({1, 2})).input(counting({1, 3})).refusal(),
            "Concat along axis 0 of shapes [1,2] and [1,3], which differ elsewhere");
}

TEST(ConstantOfShape, RefusesANegativeSize) {
  EXPECT_EQ(OpRunner("ConstantOfShape", 9).input(ints({2, -1})).refusal(),
            "ConstantOfShape of shape [2,-1], which has a negative size");
}

TEST(Range, CountsDownAndStopsBeforeItsLimit) {
  const auto range = [](int64_t start, int64_t limit, int64_t delta) {
    return valuesOf<int64_t>(OpRunner("Range", 11)
                                 .input(Tensor::scalar(start))
                                 .input(Tensor::scalar(limit))
                                 .input(Tensor::scalar(delta))
                                 .run());
  };
  EXPECT_EQ(range(10, 4, -3), (Ints{10, 7}));
  EXPECT_EQ(range(4, 4, 1), (Ints{}));
  EXPECT_EQ(range(4, 10, -1), (Ints{}));
}

TEST(Range, RefusesAStepOfZero) {
  EXPECT_EQ(OpRunner("Range", 11)
                .input(Tensor::scalar(0.0F))
                .input(Tensor::scalar(1.0F))
                .input(Tensor::scalar(0.0F))
                .refusal(),
            "Range with a step of 0");
}

TEST(Tile, RepeatsWholeTensorsNotElements) {
  const Tensor dst = OpRunner("Tile", 13).input(counting({1, 2})).input(ints({2, 2})).run();
  EXPECT_EQ(dst.shape(), (Shape{2, 4}));
  EXPECT_EQ(valuesOf(dst), (Floats{0, 1, 0, 1, 0, 1, 0, 1}));
}

TEST(Expand, BroadcastsBothWays) {
  const Tensor dst = OpRunner("Expand", 13).input(counting({2, 1})).input(ints({2})).run();
  EXPECT_EQ(dst.shape(), (Shape{2, 2}));
  EXPECT_EQ(valuesOf(dst), (Floats{0, 0, 1, 1}));
}

}  // namespace
}  // namespace quant::test
