#pragma once

#include <vector>

#include "calibration/thresholds.h"

namespace quant {

/// The squared error, summed over all values, that clipping to thresholds and rounding to a grid between them is
/// expected to make. Every evaluation takes constant time.
///
/// A clipped value errs by its distance to the threshold. A value within half a step of zero is rounded to zero and
/// errs by itself; any other errs by a uniform fraction of the step, hence by step^2 / 12 on average. Within a bin,
/// values count as spread evenly.
class SquaredError {
 public:
  explicit SquaredError(const Bins& bins);

  [[nodiscard]] double operator()(Thresholds thresholds, int64_t levels) const {
    return rounding(thresholds, levels) + clippingBelow(thresholds.first) + clippingAbove(thresholds.last);
  }
  [[nodiscard]] double rounding(Thresholds thresholds, int64_t levels) const;
  [[nodiscard]] double clippingBelow(int64_t first) const;
  [[nodiscard]] double clippingAbove(int64_t last) const;
  /// Sum of squares of all values.
  [[nodiscard]] double energy() const { return before_.back().squares * width_ * width_; }

 private:
  /// Sums over all values below some place.
  struct Moments {
    double count = 0, sum = 0, squares = 0;
  };
  /// The sums below `place`, counted in bins from the first one's lower end.
  [[nodiscard]] Moments below(double place) const;
  /// Sum of (x - threshold)^2 over values x between two places; the threshold is counted in bins from zero.
  static double spread(const Moments& from, const Moments& to, double threshold);

  std::vector<Moments> before_;  // at the lower end of each bin, and at the upper end of the last
  double width_;
  double zero_;
};

/// The thresholds of least squared error.
Thresholds mseThresholds(const Bins& bins, int64_t levels);

}  // namespace quant
