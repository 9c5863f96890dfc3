#include "quantizer/balanced_rounding.h"

#include <cstdlib>
#include <numeric>
#include <optional>
#include <vector>

#include "core/workers.h"

namespace quant {

namespace {

constexpr int32_t kMostWeight = 127;  // of the narrow range

/// How much more the common part of an input varies than the rest. From 1 to 5, what comes out differs by 0.3 dB.
constexpr double kCommonPart = 2;

/// One output channel's weights in the order of its row.
class Row {
 public:
  /// `limited_with_next` says of each element whether it and the next one are limited neighbours.
  Row(std::vector<float> means, const std::vector<bool>& limited_with_next, float scale)
      : means_(std::move(means)), limited_(limited_with_next), scale_(scale) {
    for (const float mean : means_) power_ += double{mean} * mean / static_cast<double>(means_.size());
  }

  void add(float real, int32_t integer) {
    errors_.push_back(double{scale_} * integer - real);
    integers_.push_back(integer);
    sum_ += errors_.back() * means_[errors_.size() - 1];
  }

  [[nodiscard]] int32_t integer(size_t k) const { return integers_[k]; }

  /// Returns the number of moves. An element moves back only if others have moved since, so that the number is bounded;
  /// the bound here is far above what was seen.
  int64_t balance() {
    for (size_t moves = 0; moves < means_.size(); ++moves) {
      const auto best = cheapestMove();
      if (!best) return static_cast<int64_t>(moves);
      const int32_t step = stepOf(*best);
      integers_[*best] += step;
      errors_[*best] += double{scale_} * step;
      sum_ += double{scale_} * step * means_[*best];
    }
    return static_cast<int64_t>(means_.size());
  }

 private:
  /// The direction in which element `k` brings the sum nearer to 0.
  [[nodiscard]] int32_t stepOf(size_t k) const { return sum_ * means_[k] > 0 ? -1 : 1; }

  [[nodiscard]] std::optional<size_t> cheapestMove() const {
    std::optional<size_t> best;
    double least = 0;
    for (size_t k = 0; k < means_.size(); ++k) {
      const double change = double{scale_} * stepOf(k), moved = sum_ + change * means_[k];
      const double cost = change * (2 * errors_[k] + change) * power_ + kCommonPart * (moved * moved - sum_ * sum_);
      if (cost >= least || !allows(k)) continue;
      least = cost;
      best = k;
    }
    return best;
  }

  [[nodiscard]] bool allows(size_t k) const {
    const int32_t moved = integers_[k] + stepOf(k);
    const bool before = k > 0 && limited_[k - 1], after = limited_[k];
    return std::abs(moved) <= kMostWeight && !(before && std::abs(integers_[k - 1] + moved) > kMostPairSum) &&
           !(after && std::abs(integers_[k + 1] + moved) > kMostPairSum);
  }

  std::vector<float> means_;
  const std::vector<bool>& limited_;
  float scale_;
  double power_ = 0;  // the mean square of the means
  double sum_ = 0;    // of the errors, each times its mean
  std::vector<double> errors_;
  std::vector<int32_t> integers_;
};

}  // namespace

int64_t balanceWeights(const Tensor& weights, const WeightRows& rows, const QuantParams& params,
                       const InputMeans& means, std::span<const Neighbours> limited, std::span<int8_t> integers) {
  std::vector<bool> limited_with_next(rows.length());
  for (const Neighbours& pair : limited) limited_with_next[pair.first] = true;
  const auto real = weights.data<float>();
  std::vector<int64_t> moves(rows.rows());
  forEachIndex(rows.rows(), {}, [&](size_t i) {
    Row row(means.ofRow(i), limited_with_next, params.scales()[params.axis() ? i : 0]);
    for (size_t k = 0; k < rows.length(); ++k) row.add(real[rows.at(i, k)], integers[rows.at(i, k)]);
    moves[i] = row.balance();
    for (size_t k = 0; k < rows.length(); ++k) integers[rows.at(i, k)] = static_cast<int8_t>(row.integer(k));
  });
  return std::accumulate(moves.begin(), moves.end(), int64_t{0});
}

}  // namespace quant
