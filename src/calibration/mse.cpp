#include "calibration/mse.h"

#include <algorithm>

namespace quant {

SquaredError::SquaredError(const Bins& bins) : width_(bins.width), zero_(static_cast<double>(bins.zero)) {
  before_.reserve(bins.counts.size() + 1);
  before_.emplace_back();
  for (int64_t j = 0; j < bins.size(); ++j) {
    const auto count = static_cast<double>(bins.counts[static_cast<size_t>(j)]);
    // In units of the bin width, to stay far from overflow and underflow. An even spread over a bin has variance 1/12.
    const double center = static_cast<double>(j - bins.zero) + 0.5;
    const Moments& last = before_.back();
    before_.push_back(
        {last.count + count, last.sum + count * center, last.squares + count * (center * center + 1.0 / 12)});
  }
}

SquaredError::Moments SquaredError::below(double place) const {
  const auto bin = static_cast<size_t>(std::clamp(place, 0.0, static_cast<double>(before_.size() - 1)));
  if (bin + 1 == before_.size()) return before_.back();
  const Moments &a = before_[bin], &b = before_[bin + 1];
  const double part = std::max(place - static_cast<double>(bin), 0.0);
  return {a.count + part * (b.count - a.count), a.sum + part * (b.sum - a.sum),
          a.squares + part * (b.squares - a.squares)};
}

double SquaredError::spread(const Moments& from, const Moments& to, double threshold) {
  return (to.squares - from.squares) - 2 * threshold * (to.sum - from.sum) +
         threshold * threshold * (to.count - from.count);
}

double SquaredError::rounding(Thresholds thresholds, int64_t levels) const {
  const double step = static_cast<double>(thresholds.size()) / static_cast<double>(levels - 1);  // in bins
  const auto first = static_cast<double>(thresholds.first), last = static_cast<double>(thresholds.last);
  const Moments from = below(std::max(first, zero_ - step / 2)), to = below(std::min(last, zero_ + step / 2));
  const double kept = below(last).count - below(first).count, to_zero = to.count - from.count;
  return (spread(from, to, 0) + (kept - to_zero) * step * step / 12) * width_ * width_;
}

double SquaredError::clippingBelow(int64_t first) const {
  const auto place = static_cast<double>(first);
  return spread(before_.front(), below(place), place - zero_) * width_ * width_;
}

double SquaredError::clippingAbove(int64_t last) const {
  const auto place = static_cast<double>(last);
  return spread(below(place), before_.back(), place - zero_) * width_ * width_;
}

Thresholds mseThresholds(const Bins& bins, int64_t levels) {
  const SquaredError error(bins);
  return minimizeAlternately(bins, 1, [&](Thresholds thresholds) { return error(thresholds, levels); });
}

Range mseRange(const TensorStatistics& statistics, const MethodOptions& options) {
  return searchRange(statistics, options, mseThresholds);
}

}  // namespace quant
