#include "core/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

namespace quant {
namespace {

using ::testing::ElementsAre;

TEST(Tensor, HoldsValuesInRowMajorOrder) {
  const auto tensor = Tensor::of<float>({2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(tensor.type(), DataType::kFloat32);
  EXPECT_EQ(tensor.shape(), (Shape{2, 2}));
  EXPECT_EQ(tensor.elementCount(), 4);
  EXPECT_EQ(tensor.byteSize(), 16U);
  EXPECT_THAT(tensor.data<float>(), ElementsAre(1, 2, 3, 4));
}

TEST(Tensor, OwnedElementsAreAlignedTo64Bytes) {
  for (const int64_t size : {0, 1, 3, 1000}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(Tensor(DataType::kInt8, {size}).bytes()) % 64, 0U);
  }
}

TEST(Tensor, AScalarHasRankZeroAndOneElement) {
  const auto scalar = Tensor::scalar<int64_t>(7);
  EXPECT_EQ(scalar.rank(), 0);
  EXPECT_THAT(scalar.data<int64_t>(), ElementsAre(7));
}

TEST(Tensor, AnEmptyTensorCanBeCloned) {
  EXPECT_EQ(Tensor().elementCount(), 0);
  EXPECT_EQ(Tensor().clone().shape(), (Shape{0}));
  EXPECT_EQ(Tensor::view(DataType::kFloat32, {0, 3}, nullptr, nullptr).clone().shape(), (Shape{0, 3}));
}

TEST(Tensor, RefusesToBeReadAsAnotherType) {
  const auto tensor = Tensor::of<float>({1}, {1});
  try {
    (void)tensor.data<int32_t>();
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "a tensor of type float was used as int32");
    EXPECT_EQ(error.code(), ExitCode::kInternal);
  }
}

TEST(Tensor, RefusesTypesThatCannotBeComputedWith) {
  try {
    (void)Tensor(DataType::kString, {2});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUnsupported);
  }
}

TEST(Tensor, RefusesTheWrongNumberOfValues) { EXPECT_THROW((void)Tensor::of<float>({3}, {1, 2}), Error); }

TEST(Tensor, ACloneHasElementsOfItsOwn) {
  auto tensor = Tensor::of<int32_t>({2}, {1, 2});
  const auto copy = tensor.clone();
  tensor.data<int32_t>()[0] = 9;
  EXPECT_THAT(copy.data<int32_t>(), ElementsAre(1, 2));
}

TEST(Tensor, AnAliasSharesItsElementsAndKeepsThemAlive) {
  auto tensor = std::make_unique<Tensor>(Tensor::of<int32_t>({4}, {1, 2, 3, 4}));
  EXPECT_TRUE(tensor->isSoleOwner());
  auto alias = tensor->alias({2, 2});
  EXPECT_FALSE(tensor->isSoleOwner());
  EXPECT_FALSE(alias.isSoleOwner());
  tensor->data<int32_t>()[3] = 9;
  tensor.reset();
  EXPECT_TRUE(alias.isSoleOwner());
  EXPECT_THAT(alias.data<int32_t>(), ElementsAre(1, 2, 3, 9));
}

TEST(Tensor, AnAliasMustHaveAsManyElements) {
  const auto tensor = Tensor::of<int32_t>({4}, {1, 2, 3, 4});
  EXPECT_THROW((void)tensor.alias({3}), Error);
}

TEST(Tensor, AChannelsLastTensorKeepsItsShapeInAnAlias) {
  const Tensor tensor(DataType::kFloat32, {1, 2, 3, 3}, Layout::kChannelsLast);
  EXPECT_EQ(tensor.alias().layout(), Layout::kChannelsLast);
  EXPECT_EQ(tensor.clone().layout(), Layout::kChannelsLast);
  EXPECT_THROW((void)tensor.alias({2, 9}), Error);
}

TEST(Tensor, AViewKeepsItsOwnerAliveAndCopiesNothing) {
  auto owner = std::make_shared<std::vector<float>>(std::vector<float>{1, 2});
  const std::weak_ptr<std::vector<float>> watch = owner;
  const float* const address = owner->data();
  {
    const auto view = Tensor::view(DataType::kFloat32, {2}, address, std::move(owner));
    EXPECT_EQ(view.bytes(), address);
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Tensor, MovesWithoutCopyingElements) {
  auto tensor = Tensor::of<float>({1}, {1});
  const void* const address = tensor.bytes();
  const Tensor moved = std::move(tensor);
  EXPECT_EQ(moved.bytes(), address);
}

}  // namespace
}  // namespace quant
