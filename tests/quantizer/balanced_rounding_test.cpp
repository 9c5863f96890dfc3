#include "quantizer/balanced_rounding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/onnx_text.h"

namespace quant {
namespace {

using test::parseGraph;
using testing::ElementsAre;

struct Balanced {
  std::vector<int8_t> integers;
  int64_t moves;
};

/// Balances one output channel of a matrix product, at scale 1.
Balanced balance(std::vector<float> weights, std::vector<int8_t> integers, std::vector<float> means,
                 std::vector<Neighbours> limited = {}) {
  const Graph graph = parseGraph("g (float[N] x, float[N] w) => (float[N] y) { y = MatMul(x, w) }");
  const Shape shape = {static_cast<int64_t>(weights.size()), 1};
  const WeightRows rows(*graph.producer("y"), shape);
  const InputMeans input_means(rows, std::move(means), {1.0F});
  Balanced result{std::move(integers), 0};
  result.moves = balanceWeights(Tensor::of<float>(shape, std::span<const float>(weights)), rows,
                                QuantParams(DataType::kInt8, 1.0F, 0), input_means, limited, result.integers);
  return result;
}

TEST(BalanceWeights, ErrorsOfOneSignCancelOut) {
  // Rounded down, five weights lack 2 together: two of them go up.
  const Balanced result = balance({1.4F, 1.4F, 1.4F, 1.4F, 1.4F}, {1, 1, 1, 1, 1}, {1, 1, 1, 1, 1});
  EXPECT_EQ(result.moves, 2);
  EXPECT_THAT(result.integers, ElementsAre(2, 2, 1, 1, 1));
}

TEST(BalanceWeights, MovesTheWeightThatIsNearestToItsOtherInteger) {
  EXPECT_THAT(balance({1.3F, 1.45F, 1.3F}, {1, 1, 1}, {1, 1, 1}).integers, ElementsAre(1, 2, 1));
}

TEST(BalanceWeights, ErrorsAreWeighedByTheMeans) {
  // 2 * 0.4 * 4 is lacking, and the first weight, whose input is centred, cannot make up for it.
  EXPECT_THAT(balance({1.4F, 1.4F, 1.4F}, {1, 1, 1}, {0, 4, 4}).integers, ElementsAre(1, 2, 1));
}

TEST(BalanceWeights, LeavesWeightsWhoseErrorsCancelOut) { EXPECT_EQ(balance({1.4F, 1.6F}, {1, 2}, {1, 1}).moves, 0); }

TEST(BalanceWeights, LeavesWeightsOfCentredInputs) {
  EXPECT_EQ(balance({1.4F, 1.4F, 1.4F}, {1, 1, 1}, {0, 0, 0}).moves, 0);
}

TEST(BalanceWeights, KeepsPairsWithinTheLimit) {
  const std::vector<float> weights = {64.4F, 64.4F, 1.2F, 1.2F, 1.2F, 1.2F};
  const std::vector<float> means(6, 1.0F);
  EXPECT_THAT(balance(weights, {64, 64, 1, 1, 1, 1}, means).integers, ElementsAre(65, 65, 1, 1, 1, 1));
  EXPECT_THAT(balance(weights, {64, 64, 1, 1, 1, 1}, means, {{0, 1}}).integers, ElementsAre(64, 64, 2, 1, 1, 1));
}

TEST(BalanceWeights, StaysInTheNarrowRange) {
  EXPECT_THAT(balance({127.4F, -127.4F, 127.4F}, {127, -127, 127}, {1, -1, 1}).integers, ElementsAre(127, -127, 127));
}

}  // namespace
}  // namespace quant
