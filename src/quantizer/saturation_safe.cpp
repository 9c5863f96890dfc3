#include "quantizer/saturation_safe.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "core/workers.h"

namespace quant {

namespace {

/// Scales that are tried, from the one of full 8 bits to a little more than the one that lowers no pair by more than
/// its rounding. More of them find nothing better; see docs/targets.md.
constexpr int kCandidates = 65;
constexpr float kBeyondSafe = 1.1F;

/// The nearest integer, half to even, of |x| < 2^22. A loop of it vectorizes, one of std::nearbyint does not.
float nearestInteger(float x) {
  constexpr float kShift = 0x1.8p23F;
  return (x + kShift) - kShift;
}

/// The weights of rows that share one scale, in the order of their rows, and their integers at the scale last tried.
class SharedScale {
 public:
  SharedScale(const Tensor& weights, const WeightRows& rows, size_t first, size_t count,
              std::span<const Neighbours> neighbours)
      : neighbours_(neighbours), length_(rows.length()), real_(count * length_), integer_(count * length_) {
    const auto data = weights.data<float>();
    for (size_t i = 0; i < real_.size(); ++i) real_[i] = data[rows.at(first + i / length_, i % length_)];
  }

  [[nodiscard]] std::span<const float> integers() const { return integer_; }

  void round(float scale) {
    scale_ = scale;
    for (size_t i = 0; i < real_.size(); ++i) integer_[i] = nearestInteger(real_[i] / scale);
  }

  /// Lowers every pair that exceeds the limit to it. Magnitudes only shrink, so that a pair which shares an element
  /// with one already lowered stays within the limit.
  void repair() {
    for (size_t begin = 0; begin < integer_.size(); begin += length_) {
      for (const auto& [first, second] : neighbours_) {
        if (exceeds(begin + first, begin + second)) lower(begin + first, begin + second);
      }
    }
  }

  /// How many pairs of row number `row` exceed the limit.
  [[nodiscard]] int64_t unsafePairs(size_t row) const {
    return std::ranges::count_if(neighbours_, [&](const Neighbours& pair) {
      return exceeds(row * length_ + pair.first, row * length_ + pair.second);
    });
  }

  /// The least scale at which no pair of real weights exceeds the limit.
  [[nodiscard]] float safeScale() const {
    float largest = 0;
    for (size_t begin = 0; begin < real_.size(); begin += length_) {
      for (const auto& [first, second] : neighbours_) {
        const float a = real_[begin + first], b = real_[begin + second];
        if (std::signbit(a) == std::signbit(b)) largest = std::max(largest, std::abs(a) / 2 + std::abs(b) / 2);
      }
    }
    return largest / (kMostPairSum / 2);
  }

  /// Of the integers against the real weights, squared.
  [[nodiscard]] double error() const {
    double sum = 0;
    for (size_t i = 0; i < real_.size(); ++i) {
      const double difference = integer_[i] - real_[i] / scale_;
      sum += difference * difference;
    }
    return sum * scale_ * scale_;
  }

 private:
  [[nodiscard]] bool exceeds(size_t a, size_t b) const {
    return std::abs(integer_[a] + integer_[b]) > kMostPairSum;  // of opposite signs no pair does
  }

  /// The two integers of sum kMostPairSum that are nearest to the real pair, neither larger than it was.
  void lower(size_t a, size_t b) {
    const float real_a = std::abs(real_[a] / scale_), real_b = std::abs(real_[b] / scale_);
    const float least = kMostPairSum - std::abs(integer_[b]), most = std::abs(integer_[a]);
    const float nearest = nearestInteger(real_a - (real_a + real_b - kMostPairSum) / 2);
    const float lowered = std::clamp(nearest, least, most);
    integer_[b] = std::copysign(kMostPairSum - lowered, integer_[b]);
    integer_[a] = std::copysign(lowered, integer_[a]);
  }

  std::span<const Neighbours> neighbours_;
  size_t length_;
  float scale_ = 1;
  std::vector<float> real_, integer_;
};

float bestScale(SharedScale& weights, float full) {
  const float end = std::max(full, weights.safeScale()) * kBeyondSafe;
  float best = full;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kCandidates; ++i) {
    const float scale = full + (end - full) * static_cast<float>(i) / (kCandidates - 1);
    weights.round(scale);
    weights.repair();
    const double error = weights.error();
    if (error >= least) continue;
    least = error;
    best = scale;
  }
  return best;
}

/// Rows [first, first + count), which share a scale.
struct SafeRows {
  float scale = 0;
  std::vector<ChangedChannel> changed;
  std::vector<float> integers;  // row after row
};

SafeRows makeRowsSafe(const Tensor& weights, const WeightRows& rows, size_t first, size_t count,
                      std::span<const Neighbours> neighbours, float scale) {
  SharedScale shared(weights, rows, first, count, neighbours);
  shared.round(scale);
  SafeRows safe{scale, {}, {}};
  for (size_t row = 0; row < count; ++row) {
    const int64_t pairs = shared.unsafePairs(row);
    if (pairs > 0) safe.changed.push_back({static_cast<int64_t>(first + row), pairs, 1, 0});
  }
  if (!safe.changed.empty()) {
    safe.scale = bestScale(shared, scale);
    shared.round(safe.scale);
    for (ChangedChannel& channel : safe.changed) {
      channel.scale_factor = safe.scale / scale;
      channel.lowered = shared.unsafePairs(static_cast<size_t>(channel.channel) - first);
    }
    shared.repair();
  }
  safe.integers.assign(shared.integers().begin(), shared.integers().end());
  return safe;
}

}  // namespace

std::vector<Neighbours> neighboursOf(size_t positions, size_t inputs) {
  std::vector<Neighbours> pairs;
  for (size_t k = 0; k + 1 < positions * inputs; ++k) {
    const bool in_row = k % 2 == 0, in_position = k % inputs % 2 == 0 && k % inputs + 1 < inputs;
    if (in_row || in_position) pairs.push_back({k, k + 1});
  }
  return pairs;
}

SafeWeights makeSaturationSafe(const Tensor& weights, const WeightRows& rows, const QuantParams& params) {
  const std::vector<Neighbours> neighbours =
      rows.isDepthwise() ? std::vector<Neighbours>() : neighboursOf(rows.positions(), rows.inputs());
  const size_t count = params.axis() ? 1 : rows.rows();  // of rows for each scale
  SafeWeights safe{
      {params.scales().begin(), params.scales().end()}, std::vector<int8_t>(weights.data<float>().size()), {}};
  std::vector<SafeRows> parts(safe.scales.size());
  forEachIndex(parts.size(), {},
               [&](size_t i) { parts[i] = makeRowsSafe(weights, rows, i * count, count, neighbours, safe.scales[i]); });
  for (size_t i = 0; i < parts.size(); ++i) {
    const SafeRows& part = parts[i];
    safe.scales[i] = part.scale;
    safe.channels.insert(safe.channels.end(), part.changed.begin(), part.changed.end());
    for (size_t k = 0; k < part.integers.size(); ++k) {
      const size_t index = rows.at(i * count + k / rows.length(), k % rows.length());
      safe.integers[index] = static_cast<int8_t>(part.integers[k]);
    }
  }
  return safe;
}

}  // namespace quant
