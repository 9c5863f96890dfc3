#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

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

TEST(NonMaxSuppression, EveryNumberIsAScoreWithoutAThresholdAndOnlyThoseAboveOneWithIt) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  auto runner = threeBoxes({-kInfinity, std::nanf(""), 0.7F});
  runner.input(Tensor::scalar(int64_t{3})).input(Tensor::scalar(1.0F));
  EXPECT_THAT(chosen(runner), ElementsAre(0, 0, 2, 0, 0, 0));
  for (const float threshold : {kInfinity, -kInfinity}) {
    auto strict = threeBoxes({threshold, threshold, threshold});
    strict.input(Tensor::scalar(int64_t{3})).input(Tensor::scalar(1.0F)).input(Tensor::scalar(threshold));
    EXPECT_THAT(chosen(strict), ElementsAre());
  }
}

TEST(NonMaxSuppression, OfEqualScoresTheFirstComesFirst) {
  auto runner = threeBoxes({0.5, 0.5, 0.5});
  runner.input(Tensor::scalar(int64_t{2})).input(Tensor::scalar(1.0F));
  EXPECT_THAT(chosen(runner), ElementsAre(0, 0, 0, 0, 0, 1));
}

TEST(NonMaxSuppression, ChoosesOfManyBoxesWhatEachPairSays) {
  constexpr int64_t kBoxes = 900;
  std::vector<float> corners, scores;
  for (int64_t i = 0; i < kBoxes; ++i) {
    const auto x = static_cast<float>(i * 37 % 401), y = static_cast<float>(i * 53 % 189);
    corners.insert(corners.end(), {y, x, y + 5 + static_cast<float>(i % 7), x + 4 + static_cast<float>(i % 11)});
    scores.push_back(static_cast<float>(i * 61 % kBoxes) / kBoxes);  // each once
  }
  OpRunner runner("NonMaxSuppression", 11);
  runner.input(Tensor::of<float>({1, kBoxes, 4}, corners))
      .input(Tensor::of<float>({1, 1, kBoxes}, scores))
      .input(Tensor::scalar(kBoxes))
      .input(Tensor::scalar(0.2F));

  std::vector<int64_t> order(kBoxes), expected;
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, std::greater<>(), [&](int64_t i) { return scores[static_cast<size_t>(i)]; });
  const auto overlap = [&](int64_t a, int64_t b) {
    const float *p = &corners[static_cast<size_t>(4 * a)], *q = &corners[static_cast<size_t>(4 * b)];
    const double height = std::min(p[2], q[2]) - std::max(p[0], q[0]),
                 width = std::min(p[3], q[3]) - std::max(p[1], q[1]);
    if (height <= 0 || width <= 0) return 0.0;
    const auto area = [](const float* box) { return static_cast<double>(box[2] - box[0]) * (box[3] - box[1]); };
    return height * width / (area(p) + area(q) - height * width);
  };
  std::vector<int64_t> kept;
  for (const int64_t i : order) {
    if (std::ranges::any_of(kept, [&](int64_t better) { return overlap(i, better) > 0.2; })) continue;
    kept.push_back(i);
    expected.insert(expected.end(), {0, 0, i});
  }
  ASSERT_GT(kept.size(), 128U);
  EXPECT_EQ(chosen(runner), expected);
}

TEST(NonMaxSuppression, BoxesThatAreNoNumbersLieOnNone) {
  const float nan = std::nanf(""), infinite = INFINITY;
  std::vector<float> corners = {0, 0, 1, 1, nan, nan, nan, nan, -infinite, 0, 1, infinite, 0, nan, 1, 1};
  std::vector<float> scores = {0.9F, 0.8F, 0.7F, 0.6F};
  OpRunner runner("NonMaxSuppression", 11);
  runner.input(Tensor::of<float>({1, 4, 4}, corners)).input(Tensor::of<float>({1, 1, 4}, scores));
  runner.input(Tensor::scalar(int64_t{4})).input(Tensor::scalar(0.0F));
  EXPECT_THAT(chosen(runner), ElementsAre(0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 3));
}

TEST(NonMaxSuppression, AWrongThresholdIsRefused) {
  auto runner = threeBoxes({0.5, 0.5, 0.5});
  runner.input(Tensor::scalar(int64_t{2})).input(Tensor::scalar(1.5F));
  EXPECT_EQ(runner.refusal(), "iou_threshold is 1.5, expected 0 to 1");
}

}  // namespace
}  // namespace quant
