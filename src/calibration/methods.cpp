#include "calibration/methods.h"

#include <algorithm>
#include <array>

#include "calibration/thresholds.h"
#include "core/error.h"

namespace quant {

namespace {

constexpr std::array kMethods = {
    CalibrationMethod{"minmax", "the smallest and the largest value seen", false, minMaxRange},
    CalibrationMethod{"percentile", "the range that holds a share of the values (--percentile)", true, percentileRange},
    CalibrationMethod{"kl", "least loss of information (TensorRT's entropy calibration)", true, klRange},
    CalibrationMethod{"mse", "least squared error of rounding and clipping", true, mseRange},
};

/// How far out from zero one side must reach to leave at most `allowed` values outside; `side(i)` is the count of its
/// bin i, counted from zero outwards.
template <class Side>
double reach(int64_t bins, double allowed, Side side) {
  for (int64_t i = bins - 1; i >= 0; --i) {
    const auto count = static_cast<double>(side(i));
    if (count > allowed) return static_cast<double>(i + 1) - allowed / count;
    allowed -= count;
  }
  return 0;
}

}  // namespace

std::span<const CalibrationMethod> calibrationMethods() { return kMethods; }

const CalibrationMethod& findCalibrationMethod(std::string_view name) {
  const auto* const method = std::find_if(kMethods.begin(), kMethods.end(), [&](auto& m) { return m.name == name; });
  if (method != kMethods.end()) return *method;
  std::string names;
  for (const CalibrationMethod& known : kMethods) names += (names.empty() ? "" : ", ") + std::string(known.name);
  throwBadInput("there is no calibration method '{}'; there are {}", name, names);
}

std::string describe(const CalibrationMethod& method, const MethodOptions& options) {
  std::string text(method.name);
  if (method.range == percentileRange) text += fmt::format(" {}", options.percentile);
  if (options.symmetric) text += ", symmetric";
  return text;
}

Range minMaxRange(const TensorStatistics& statistics, const MethodOptions& /*options*/) {
  return {std::min(statistics.summary().min, 0.0F), std::max(statistics.summary().max, 0.0F)};
}

Range percentileRange(const TensorStatistics& statistics, const MethodOptions& options) {
  if (!(options.percentile > 0 && options.percentile <= 100)) {
    throwBadInput("a percentile of {} was asked for; it must be above 0 and at most 100", options.percentile);
  }
  const Range widest = minMaxRange(statistics, options);
  const Histogram& histogram = statistics.histogram();
  const Bins bins = options.symmetric ? histogram.magnitudeBins() : histogram.signedBins();
  const double outside = static_cast<double>(statistics.summary().finite()) * (100 - options.percentile) / 100;
  const bool both_sides = bins.zero > 0 && bins.zero < bins.size();
  const double allowed = both_sides ? outside / 2 : outside;
  const auto count = [&](int64_t j) { return bins.counts[static_cast<size_t>(j)]; };
  const double up = reach(bins.size() - bins.zero, allowed, [&](int64_t i) { return count(bins.zero + i); });
  const double down =
      options.symmetric ? up : reach(bins.zero, allowed, [&](int64_t i) { return count(bins.zero - 1 - i); });
  return {std::max(static_cast<float>(0 - down * bins.width), widest.low),  // never -0
          std::min(static_cast<float>(up * bins.width), widest.high)};
}

}  // namespace quant
