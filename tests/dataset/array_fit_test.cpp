#include "dataset/array_fit.h"

#include <gtest/gtest.h>

namespace quant::test {
namespace {

InputSpec input(Shape shape) { return {"x", DataType::kFloat32, std::move(shape)}; }

std::optional<ArrayFit> fit(int64_t samples, Shape shape) { return ArrayFit{samples, std::move(shape)}; }

TEST(FitArray, TakesOneSampleWithItsBatchAxis) {
  EXPECT_EQ(fitArray({1, 3, 8}, input({-1, 3, -1})), fit(1, {1, 3, 8}));
}

TEST(FitArray, AddsTheBatchAxis) {
  EXPECT_EQ(fitArray({3, 8}, input({-1, 3, -1})), fit(1, {1, 3, 8}));
  EXPECT_EQ(fitArray({3, 8}, input({1, 3, 8})), fit(1, {1, 3, 8}));
}

TEST(FitArray, SplitsALeadingSampleAxis) {
  EXPECT_EQ(fitArray({5, 3, 8}, input({-1, 3, -1})), fit(5, {1, 3, 8}));
  EXPECT_EQ(fitArray({5, 3, 8}, input({1, 3, 8})), fit(5, {1, 3, 8}));
}

TEST(FitArray, SplitsAnAxisBeforeTheBatch) {
  EXPECT_EQ(fitArray({5, 1, 3, 8}, input({-1, 3, 8})), fit(5, {1, 3, 8}));
  EXPECT_EQ(fitArray({5, 4, 3}, input({4, 3})), fit(5, {4, 3}));
}

TEST(FitArray, SplitsIntoFixedBatches) {
  EXPECT_EQ(fitArray({4, 3}, input({4, 3})), fit(1, {4, 3}));
  EXPECT_EQ(fitArray({12, 3}, input({4, 3})), fit(3, {4, 3}));
  EXPECT_EQ(fitArray({1, 3}, input({4, 3})), fit(1, {1, 3}));
  EXPECT_EQ(fitArray({5, 3}, input({4, 3})), std::nullopt);
}

TEST(FitArray, RefusesOtherSizesAndRanks) {
  EXPECT_EQ(fitArray({1, 4, 8}, input({-1, 3, -1})), std::nullopt);
  EXPECT_EQ(fitArray({8}, input({-1, 3, 8})), std::nullopt);
  EXPECT_EQ(fitArray({1, 1, 1, 3, 8}, input({-1, 3, 8})), std::nullopt);
}

TEST(FitArray, TakesScalars) {
  EXPECT_EQ(fitArray({}, input({})), fit(1, {}));
  EXPECT_EQ(fitArray({6}, input({})), fit(6, {}));
}

TEST(FitArray, TakesTheFirstAxisForSamplesWhereTheModelIsSilent) {
  EXPECT_EQ(fitArray({6, 2}, {"x", DataType::kFloat32, {}, false}), fit(6, {1, 2}));
}

TEST(FitWhole, WantsExactlyTheModelsShape) {
  EXPECT_EQ(fitWhole({6, 2}, input({-1, 2})), fit(1, {6, 2}));
  EXPECT_EQ(fitWhole({6, 2}, input({1, 2})), std::nullopt);
}

}  // namespace
}  // namespace quant::test
