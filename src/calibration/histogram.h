#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "calibration/summary.h"

namespace quant {

/// Neighbouring bins of one width around zero, from the first to the last that is not empty.
struct Bins {
  /// counts[j] values lie in [(j - zero) * width, (j + 1 - zero) * width]. A value on a border belongs to the bin
  /// farther from zero. Exact zeros stand in `zeros` alone.
  std::vector<int64_t> counts;
  int64_t zero = 0;  ///< how many of the bins are negative
  double width = 0;  ///< a power of two
  int64_t zeros = 0;

  [[nodiscard]] int64_t size() const { return static_cast<int64_t>(counts.size()); }
  /// The lower end of bin j, and the upper one of bin j - 1.
  [[nodiscard]] double edge(int64_t j) const { return static_cast<double>(j - zero) * width; }
  /// The same values in bins twice as wide.
  [[nodiscard]] Bins halved() const;
};

/// Counts values in bins around zero, in fixed memory and one pass.
///
/// The bin width is a power of two: the smallest with which the largest magnitude seen fits. When a larger one comes,
/// the width doubles and neighbours merge. A bin's count therefore depends on the values alone, not on their order or
/// grouping, and the side of the largest magnitude uses 2048 to 4096 bins (fewer only below 2^-114).
///
/// Infinities and NaNs are left out.
class Histogram {
 public:
  static constexpr int32_t kBinsPerSide = 4096;

  /// Gives what `summarize` says of the values, which has to be known on the way.
  Summary observe(std::span<const float> values);
  void merge(const Histogram& other);

  /// The power of two that is one bin's width.
  [[nodiscard]] float binWidth() const;
  [[nodiscard]] int64_t zeros() const { return zeros_; }
  /// Finite values seen, zeros included.
  [[nodiscard]] int64_t elements() const;

  [[nodiscard]] Bins signedBins() const;
  /// The bins of |x|.
  [[nodiscard]] Bins magnitudeBins() const;

  bool operator==(const Histogram&) const = default;

 private:
  // 2^126 is finite as a float, so that dividing by the width is an exact multiplication. Smaller magnitudes than
  // 2^-126 share the bins beside zero.
  static constexpr int kMinExponent = -126;

  class Lanes;

  void growTo(int exponent);
  void observeFinite(std::span<const float> values, const Summary& summary, Lanes* lanes);

  int exponent_ = kMinExponent;  // bin width = 2^exponent_
  int64_t zeros_ = 0;
  std::vector<int64_t> counts_;  // positive bins outwards from zero, then negative ones; empty until a value comes
};

}  // namespace quant
