#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/op_runner.h"

namespace quant {
namespace {

using test::OpRunner;
using testing::ElementsAre;

std::vector<int64_t> chosen(OpRunner& runner) {
  const Tensor rows = runner.run();
  EXPECT_EQ(rows.shape()[1], 3);
  const auto data = rows.data<int64_t>();
  return {data.begin(), data.end()};
}

/// Two boxes that share half of their area (1/3 of both), and one far away.
OpRunner threeBoxes(std::initializer_list<float> scores) {
  OpRunner runner("NonMaxSuppression", 11);
  runner.input(Tensor::of<float>({1, 3, 4}, {0, 0, 1, 2, 0, 1, 1, 3, 5, 5, 6, 6}))
      .input(Tensor::of<float>({1, 1, 3}, scores));
  return runner;
}

TEST(NonMaxSuppression, ABoxThatLiesTooMuchOnABetterOneIsLeftOut) {
  auto runner = threeBoxes({0.5, 0.9F, 0.7F});
  runner.input(Tensor::scalar(int64_t{3})).input(Tensor::scalar(0.3F));
  EXPECT_THAT(chosen(runner), ElementsAre(0, 0, 1, 0, 0, 2));
  auto tolerant = threeBoxes({0.5, 0.9F, 0.7F});
  tolerant.input(Tensor::scalar(int64_t{3})).input(Tensor::scalar(0.4F));
  EXPECT_THAT(chosen(tolerant), ElementsAre(0, 0, 1, 0, 0, 2, 0, 0, 0));
}

TEST(NonMaxSuppression, WithoutANumberOfBoxesThereAreNone) {
  auto runner = threeBoxes({0.5, 0.9F, 0.7F});
  EXPECT_THAT(chosen(runner), ElementsAre());
}

TEST(NonMaxSuppression, ScoresMustBeAboveTheThresholdAndNumbers) {
  auto runner = threeBoxes({0.5, std::nanf(""), 0.7F});
  runner.input(Tensor::scalar(int64_t{3})).input(Tensor::scalar(0.3F)).input(Tensor::scalar(0.5F));
  EXPECT_THAT(chosen(runner), ElementsAre(0, 0, 2));
}

TEST(NonMaxSuppression, OfEqualScoresTheFirstComesFirst) {
  auto runner = threeBoxes({0.5, 0.5, 0.5});
  runner.input(Tensor::scalar(int64_t{2})).input(Tensor::scalar(1.0F));
  EXPECT_THAT(chosen(runner), ElementsAre(0, 0, 0, 0, 0, 1));
}

TEST(NonMaxSuppression, AWrongThresholdIsRefused) {
  auto runner = threeBoxes({0.5, 0.5, 0.5});
  runner.input(Tensor::scalar(int64_t{2})).input(Tensor::scalar(1.5F));
  EXPECT_EQ(runner.refusal(), "iou_threshold is 1.5, expected 0 to 1");
}

}  // namespace
}  // namespace quant
