#include "quantizer/weight_grid.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/for_each_cpu.h"

namespace quant {

namespace {

using Lane = std::array<float, kLanes>;

constexpr float kShift = 12582912;  // 1.5 * 2^23: above it, floats are whole numbers

/// Half to even, for numbers that a grid of few bits holds; unlike nearbyint it needs no instruction of newer CPUs.
inline float rounded(float x) { return (x + kShift) - kShift; }

struct Ends {
  Lane low, high;  // of the values, zero among them
};

QUANTIZE_FOR_EACH_CPU Ends endsOf(const float* values, size_t count) {
  Ends ends{};
  for (size_t m = 0; m < count; ++m) {
    for (size_t l = 0; l < kLanes; ++l) {
      const float value = values[m * kLanes + l];
      ends.low[l] = std::min(ends.low[l], value);
      ends.high[l] = std::max(ends.high[l], value);
    }
  }
  return ends;
}

/// Some lanes as one value, written out because gcc goes through a loop over lanes one by one here.
using Lanes = float __attribute__((vector_size(32)));
constexpr size_t kSome = sizeof(Lanes) / sizeof(float);

inline __attribute__((always_inline)) void load(Lanes& lanes, const float* from) {
  std::memcpy(&lanes, from, sizeof lanes);
}

/// A power of two for each lane that brings its largest number near to 1: squares of what is left do not overflow, and
/// which error is the smallest stays the same.
Lane unitsOf(const Ends& ends) {
  Lane units;
  for (size_t l = 0; l < kLanes; ++l) {
    const float largest = std::max(-ends.low[l], ends.high[l]);
    units[l] = std::isfinite(largest) && largest > 0 ? std::ldexp(1.0F, -std::ilogb(largest)) : 1.0F;
    if (!std::isfinite(units[l])) units[l] = 1;
  }
  return units;
}

/// The squared errors of each lane in its units, each times its importance, where there is one.
QUANTIZE_FOR_EACH_CPU void sumErrors(const float* values, size_t count, const float* importance,
                                     const LaneParams& params, const Lane& units, const WeightGrid& grid,
                                     Lane& errors) {
  for (size_t first = 0; first < kLanes; first += kSome) {
    Lanes scale, zero, value, unit, sums{};
    load(scale, params.scale.data() + first);
    load(unit, units.data() + first);
    load(zero, params.zero.data() + first);
    const Lanes inverse = 1 / scale, low = grid.low - zero, high = grid.high - zero;
    for (size_t m = 0; m < count; ++m) {
      load(value, values + m * kLanes + first);
      Lanes q = value * inverse;
      q = q > low ? q : low;
      q = q < high ? q : high;
      const Lanes error = (((q + kShift) - kShift) * scale - value) * unit;
      sums += importance == nullptr ? error * error : importance[m] * error * error;
    }
    std::memcpy(errors.data() + first, &sums, sizeof sums);
  }
}

float storable(float scale, DataType type) {
  if (type == DataType::kFloat16) {
    scale = static_cast<float>(Float16(scale));
    return std::isfinite(scale) && scale != 0 ? scale : 1.0F;
  }
  return std::abs(scale) < std::numeric_limits<float>::min() ? 1.0F : scale;
}

/// Tries parameters and remembers for each lane the best.
class Search {
 public:
  Search(const float* values, size_t count, const float* importance, const WeightGrid& grid)
      : values_(values),
        count_(count),
        importance_(importance),
        grid_(grid),
        ends_(endsOf(values, count)),
        units_(unitsOf(ends_)) {
    best_errors_.fill(std::numeric_limits<float>::infinity());
    best_.scale.fill(1);
  }

  LaneParams run() {
    grid_.zero_points ? searchAsymmetric() : searchSymmetric();
    return best_;
  }

 private:
  void consider(const LaneParams& params) {
    Lane errors;
    sumErrors(values_, count_, importance_, params, units_, grid_, errors);
    for (size_t l = 0; l < kLanes; ++l) {
      if (!(errors[l] < best_errors_[l])) continue;
      best_errors_[l] = errors[l];
      best_.scale[l] = params.scale[l];
      best_.zero[l] = params.zero[l];
    }
  }

  /// Few bits gain by giving up the outermost values, many bits hardly.
  void searchSymmetric() {
    const bool is_coarse = grid_.high < 100;
    const float step = is_coarse ? 0.04F : 0.05F;
    for (int i = 0; i < (is_coarse ? 12 : 5); ++i) {
      const float share = (is_coarse ? 1.02F : 1.0F) - step * static_cast<float>(i);
      LaneParams params;
      for (size_t l = 0; l < kLanes; ++l) {
        const float largest = std::max(-ends_.low[l], ends_.high[l]);
        params.scale[l] = storable(share * largest / grid_.high, grid_.scale_type);
      }
      consider(params);
      if (!grid_.negative_scales) continue;
      for (float& scale : params.scale) scale = -scale;
      consider(params);
    }
  }

  /// First both ends move in alike, then each on its own.
  void searchAsymmetric() {
    Lane low_share, high_share;
    low_share.fill(1);
    high_share.fill(1);
    const auto tryShares = [&](float low_change, float high_change, Lane& low_best, Lane& high_best) {
      const Lane before = best_errors_;
      LaneParams params;
      for (size_t l = 0; l < kLanes; ++l) {
        const float low = ends_.low[l] * (low_share[l] + low_change),
                    high = ends_.high[l] * (high_share[l] + high_change);
        params.scale[l] = storable((high - low) / (grid_.high - grid_.low), grid_.scale_type);
        params.zero[l] = std::clamp(rounded(grid_.low - low / params.scale[l]), grid_.low, grid_.high);
      }
      consider(params);
      for (size_t l = 0; l < kLanes; ++l) {
        if (!(best_errors_[l] < before[l])) continue;
        low_best[l] = low_share[l] + low_change;
        high_best[l] = high_share[l] + high_change;
      }
    };
    Lane low_best = low_share, high_best = high_share;
    for (int i = 0; i < 9; ++i) {
      tryShares(-0.05F * static_cast<float>(i), -0.05F * static_cast<float>(i), low_best, high_best);
    }
    for (const bool is_low : {true, false}) {
      low_share = low_best;
      high_share = high_best;
      for (const float change : {-0.1F, -0.05F, 0.05F, 0.1F}) {
        tryShares(is_low ? change : 0, is_low ? 0 : change, low_best, high_best);
      }
    }
  }

  const float* values_;
  size_t count_;
  const float* importance_;
  const WeightGrid& grid_;
  Ends ends_;
  Lane units_;
  Lane best_errors_{};
  LaneParams best_;
};

}  // namespace

LaneParams searchLaneParams(const float* values, size_t count, const float* importance, const WeightGrid& grid) {
  return Search(values, count, importance, grid).run();
}

QUANTIZE_FOR_EACH_CPU void encodeLanes(const float* values, size_t count, const LaneParams& params,
                                       const WeightGrid& grid, int8_t* integers) {
  Lane low, high, inverse;
  for (size_t l = 0; l < kLanes; ++l) {
    low[l] = grid.low - params.zero[l];
    high[l] = grid.high - params.zero[l];
    inverse[l] = 1 / params.scale[l];
  }
  for (size_t m = 0; m < count; ++m) {
    for (size_t l = 0; l < kLanes; ++l) {
      const float q = rounded(std::min(std::max(values[m * kLanes + l] * inverse[l], low[l]), high[l]));
      integers[m * kLanes + l] = static_cast<int8_t>(q + params.zero[l]);
    }
  }
}

}  // namespace quant
