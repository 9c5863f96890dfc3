#include "quantizer/levels.h"

#include <algorithm>
#include <cmath>

#include "core/for_each_cpu.h"

namespace quant {

namespace {

constexpr int kExponents = 11;        // 0, 0.1, ... 1
constexpr float kLeastReach = 1e-4F;  // of a channel, in parts of the widest one: no division by nothing
/// Of a channel, in parts of the usual one: in a few samples it may not have shown how far it reaches, and what goes
/// beyond its level widens the range of all.
constexpr float kNarrowest = 0.0625F;

/// The median of the channels that were ever seen.
float usualReach(std::vector<float> reach) {
  std::erase(reach, 0.0F);
  const auto middle = reach.begin() + static_cast<std::ptrdiff_t>(reach.size() / 2);
  std::ranges::nth_element(reach, middle);
  return *middle;
}

/// How far each channel is taken to reach; nothing is known of one that was always zero, so it is a usual one.
std::vector<float> reachOf(const ChannelSpread& spread) {
  std::vector<float> reach(spread.low.size());
  for (size_t c = 0; c < reach.size(); ++c) reach[c] = std::max(spread.high[c], -spread.low[c]);
  const float widest = reach.empty() ? 0.0F : std::ranges::max(reach);
  if (!(widest > 0) || !std::isfinite(widest)) return {};
  const float usual = usualReach(reach), least = std::max(usual * kNarrowest, widest * kLeastReach);
  for (float& r : reach) r = std::max(r == 0 ? usual : r, least);
  return reach;
}

/// What the expected error needs to know of the weights, whatever the levels are.
struct WeightSizes {
  size_t columns = 0;
  std::vector<float> sizes;         // |weight|, [channels, columns]
  std::vector<double> row_squares;  // by channel: sum of the squares of its weights
};

WeightSizes sizesOf(std::span<const LevelledWeights> readers, size_t channels) {
  WeightSizes result;
  for (const LevelledWeights& reader : readers) result.columns += reader.rows.rows() * reader.rows.positions();
  result.sizes.reserve(channels * result.columns);
  for (size_t c = 0; c < channels; ++c) {
    double squares = 0;
    for (const auto& [tensor, rows] : readers) {
      const auto data = tensor->data<float>();
      for (size_t k = c; k < rows.length(); k += channels) {
        for (size_t row = 0; row < rows.rows(); ++row) {
          const float weight = data[rows.at(row, k)];
          squares += static_cast<double>(weight * weight);
          result.sizes.push_back(std::abs(weight));
        }
      }
    }
    result.row_squares.push_back(squares);
  }
  return result;
}

std::vector<float> levelsFor(std::span<const float> reach, double exponent) {
  std::vector<double> logarithms;
  double mean = 0;
  for (const float r : reach) {
    logarithms.push_back(exponent * std::log(static_cast<double>(r)));
    mean += logarithms.back() / static_cast<double>(reach.size());
  }
  std::vector<float> levels;
  for (const double logarithm : logarithms) levels.push_back(static_cast<float>(std::exp(logarithm - mean)));
  return levels;
}

QUANTIZE_FOR_EACH_CPU void raiseTo(float* __restrict largest, const float* __restrict sizes, float level,
                                   size_t count) {
  for (size_t i = 0; i < count; ++i) largest[i] = std::max(largest[i], sizes[i] * level);
}

double squaredColumnMaxima(const WeightSizes& weights, const std::vector<float>& levels) {
  std::vector<float> largest(weights.columns, 0.0F);
  for (size_t c = 0; c < levels.size(); ++c) {
    raiseTo(largest.data(), weights.sizes.data() + c * weights.columns, levels[c], weights.columns);
  }
  double sum = 0;
  for (const float x : largest) sum += static_cast<double>(x) * x;
  return sum;
}

/// Up to the factor 1/12 that both parts have.
double expectedError(const ChannelSpread& spread, const WeightSizes& weights, const std::vector<float>& levels) {
  double low = 0, high = 0, seen_through_weights = 0, squares = 0;
  for (size_t c = 0; c < levels.size(); ++c) {
    const double level = levels[c];
    low = std::min(low, spread.low[c] / level);
    high = std::max(high, spread.high[c] / level);
    seen_through_weights += weights.row_squares[c] * level * level;
    squares += spread.mean_square[c] / (level * level);
  }
  const double step = (high - low) / 255;
  return step * step * seen_through_weights + squares * squaredColumnMaxima(weights, levels) / (127.0 * 127.0);
}

}  // namespace

std::optional<Levels> findLevels(const ChannelSpread& spread, std::span<const LevelledWeights> readers,
                                 double least_gain) {
  const size_t channels = spread.low.size();
  const std::vector<float> reach = reachOf(spread);
  if (reach.empty()) return {};
  const WeightSizes weights = sizesOf(readers, channels);
  const double without = expectedError(spread, weights, std::vector<float>(channels, 1.0F));
  Levels best;
  for (int i = 1; i < kExponents; ++i) {
    std::vector<float> levels = levelsFor(reach, static_cast<double>(i) / (kExponents - 1));
    const double gain = without / expectedError(spread, weights, levels);
    if (gain > best.gain) best = {std::move(levels), gain};
  }
  if (!(best.gain >= least_gain)) return {};
  return best;
}

}  // namespace quant
