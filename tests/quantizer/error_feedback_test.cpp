#include "quantizer/error_feedback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "quantizer/stored_weights.h"
#include "quantizer/weight_only_testing.h"

namespace quant {
namespace {

constexpr size_t kRows = 40, kChannels = 32, kColumns = 20;

/// Samples whose channels vary together: each is a little of its neighbours.
std::vector<float> samples() {
  std::vector<float> rows;
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t c = 0; c < kChannels; ++c) {
      const auto at = static_cast<float>(c);
      rows.push_back(std::sin(0.2F * at + static_cast<float>(r)) + 0.1F * std::sin(7.3F * at * static_cast<float>(r)));
    }
  }
  return rows;
}

std::shared_ptr<InputMoments> momentsOf(const std::vector<float>& rows) {
  auto moments = std::make_shared<InputMoments>();
  moments->channels = kChannels;
  moments->mean_squares.resize(kChannels);
  moments->products.resize(kChannels * kChannels);
  for (size_t r = 0; r < kRows; ++r) {
    const float* const x = rows.data() + r * kChannels;
    for (size_t i = 0; i < kChannels; ++i) {
      moments->mean_squares[i] += x[i] * x[i] / kRows;
      for (size_t j = i; j < kChannels; ++j) moments->products[i * kChannels + j] += x[i] * x[j] / kRows;
    }
  }
  return moments;
}

/// The squared errors of samples times weights.
double errorOfProduct(const std::vector<float>& rows, const Tensor& weights, const CodedWeights& coded, size_t block) {
  double sum = 0;
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t n = 0; n < kColumns; ++n) {
      double error = 0;
      for (size_t k = 0; k < kChannels; ++k) {
        const size_t at = k * kColumns + n, scale = k / block * kColumns + n;
        const float real = static_cast<float>(coded.integers[at] - coded.zeros[scale]) * coded.scales[scale];
        error += static_cast<double>(rows[r * kChannels + k]) * (real - weights.data<float>()[at]);
      }
      sum += error * error;
    }
  }
  return sum;
}

TEST(ErrorFeedback, LaterChannelsMakeUpForEarlierOnes) {
  const WeightStorage storage{DataType::kUInt4, 0, 16, true, false};
  const Tensor weights = test::wave({kChannels, kColumns});
  const auto rows = samples();
  ErrorFeedback feedback(momentsOf(rows));
  const double alone = errorOfProduct(rows, weights, codeWeights(weights, storage, nullptr), 16);
  const double together = errorOfProduct(rows, weights, codeWeights(weights, storage, &feedback), 16);
  EXPECT_LT(together, 0.5 * alone);
}

TEST(ErrorFeedback, ChannelsThatAreNeverSeenAreRoundedAsTheyAre) {
  const WeightStorage storage{DataType::kInt8, 1, 0, false, false};
  auto moments = momentsOf(std::vector<float>(kRows * kChannels));
  ErrorFeedback feedback(moments);
  EXPECT_FALSE(feedback.canFeedBack());
  const Tensor weights = test::wave({kChannels, kColumns});
  EXPECT_EQ(codeWeights(weights, storage, nullptr).integers.size(),
            codeWeights(weights, storage, &feedback).integers.size());
}

TEST(ErrorFeedback, MomentsOfAnotherAxisAreNotUsed) {
  const WeightStorage storage{DataType::kInt8, 0, 0, false, false};  // lanes of kColumns weights
  ErrorFeedback feedback(momentsOf(samples()));
  const Tensor weights = test::wave({kChannels, kColumns});
  EXPECT_EQ(codeWeights(weights, storage, nullptr).integers, codeWeights(weights, storage, &feedback).integers);
}

}  // namespace
}  // namespace quant
