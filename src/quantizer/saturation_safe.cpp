#include "quantizer/saturation_safe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "core/for_each_cpu.h"
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

/// Rounds `real` / `scale` to `integers` and returns the squared error, in squares of the scale.
QUANTIZE_FOR_EACH_CPU double roundAll(const float* __restrict real, float scale, float* __restrict integers,
                                      size_t count) {
  constexpr size_t kLanes = 32;  // of sums, so that the loop over them vectorizes
  std::array<double, kLanes> sums{};
  for (size_t begin = 0; begin < count; begin += kLanes) {
    const size_t lanes = std::min(kLanes, count - begin);
    for (size_t lane = 0; lane < lanes; ++lane) {
      const float scaled = real[begin + lane] / scale;
      const float integer = nearestInteger(scaled);
      const double error = integer - scaled;
      integers[begin + lane] = integer;
      sums[lane] += error * error;
    }
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

/// The weights of rows that share one scale, in the order of their rows, and their integers at the scale last tried.
class SharedScale {
 public:
  SharedScale(const Tensor& weights, const WeightRows& rows, size_t first, size_t count,
              std::span<const Neighbours> neighbours)
      : neighbours_(neighbours), length_(rows.length()), real_(count * length_), integer_(count * length_) {
    const auto data = weights.data<float>();
    for (size_t row = 0; row < count; ++row) {
      for (size_t k = 0; k < length_; ++k) real_[row * length_ + k] = data[rows.at(first + row, k)];
    }
  }

  [[nodiscard]] std::span<const float> integers() const { return integer_; }

  void round(float scale) {
    scale_ = scale;
    error_ = roundAll(real_.data(), scale, integer_.data(), real_.size());
  }

  /// Remembers the pairs that exceed the limit now: the only ones that ever do at larger scales. Returns how many each
  /// row has.
  std::vector<int64_t> findUnsafePairs() {
    unsafe_.clear();
    std::vector<int64_t> counts;
    for (size_t begin = 0; begin < integer_.size(); begin += length_) {
      const size_t before = unsafe_.size();
      for (const auto& [first, second] : neighbours_) {
        if (exceeds({begin + first, begin + second})) unsafe_.push_back({begin + first, begin + second});
      }
      counts.push_back(static_cast<int64_t>(unsafe_.size() - before));
    }
    return counts;
  }

  /// Lowers every pair that exceeds the limit to it, and returns how many each row had. Magnitudes only shrink, so that
  /// a pair which shares an element with one already lowered stays within the limit.
  std::vector<int64_t> repair() {
    std::vector<int64_t> counts(integer_.size() / length_);
    for (const Neighbours& pair : unsafe_) {
      if (!exceeds(pair)) continue;
      lower(pair);
      ++counts[pair.first / length_];
    }
    return counts;
  }

  /// The least scale at which no pair of real weights exceeds the limit.
  [[nodiscard]] float safeScale() const {
    float largest = 0;
    for (const auto& [first, second] : unsafe_) {
      largest = std::max(largest, std::abs(real_[first]) / 2 + std::abs(real_[second]) / 2);
    }
    return largest / (static_cast<float>(kMostPairSum) / 2);
  }

  /// Of the integers against the real weights, squared.
  [[nodiscard]] double error() const { return error_ * scale_ * scale_; }

 private:
  [[nodiscard]] bool exceeds(const Neighbours& pair) const {
    return std::abs(integer_[pair.first] + integer_[pair.second]) > kMostPairSum;  // of opposite signs no pair does
  }

  [[nodiscard]] double squaredError(const Neighbours& pair) const {
    const double a = integer_[pair.first] - real_[pair.first] / scale_;
    const double b = integer_[pair.second] - real_[pair.second] / scale_;
    return a * a + b * b;
  }

  /// The two integers of sum kMostPairSum that are nearest to the real pair, neither larger than it was.
  void lower(const Neighbours& pair) {
    error_ -= squaredError(pair);
    float &a = integer_[pair.first], &b = integer_[pair.second];
    const float real_a = std::abs(real_[pair.first] / scale_), real_b = std::abs(real_[pair.second] / scale_);
    const float nearest = nearestInteger(real_a - (real_a + real_b - kMostPairSum) / 2);
    const float lowered = std::clamp(nearest, kMostPairSum - std::abs(b), std::abs(a));
    b = std::copysign(kMostPairSum - lowered, b);
    a = std::copysign(lowered, a);
    error_ += squaredError(pair);
  }

  std::span<const Neighbours> neighbours_;
  size_t length_;
  float scale_ = 1;
  double error_ = 0;  // in squares of the scale
  std::vector<float> real_, integer_;
  std::vector<Neighbours> unsafe_;  // indices of all rows' elements
};

float bestScale(SharedScale& weights, float full) {
  const float end = std::max(full, weights.safeScale()) * kBeyondSafe;
  float best = full;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kCandidates; ++i) {
    const float scale = full + (end - full) * static_cast<float>(i) / (kCandidates - 1);
    weights.round(scale);
    weights.repair();
    if (weights.error() >= least) continue;
    least = weights.error();
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
  const std::vector<int64_t> unsafe = shared.findUnsafePairs();
  if (std::ranges::any_of(unsafe, [](int64_t pairs) { return pairs > 0; })) {
    safe.scale = bestScale(shared, scale);
    shared.round(safe.scale);
    const std::vector<int64_t> lowered = shared.repair();
    for (size_t row = 0; row < count; ++row) {
      if (unsafe[row] == 0) continue;
      safe.changed.push_back({static_cast<int64_t>(first + row), unsafe[row], safe.scale / scale, lowered[row]});
    }
  }
  safe.integers.assign(shared.integers().begin(), shared.integers().end());
  return safe;
}

}  // namespace

std::vector<Neighbours> neighboursOf(size_t positions, size_t inputs) {
  std::vector<Neighbours> pairs;
  for (size_t k = 0; k < positions * inputs;) {
    for (size_t input = 0; input < inputs; ++input, ++k) {
      const bool in_row = k % 2 == 0 && k + 1 < positions * inputs;
      const bool in_position = input % 2 == 0 && input + 1 < inputs;
      if (in_row || in_position) pairs.push_back({k, k + 1});
    }
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
