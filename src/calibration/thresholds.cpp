#include "calibration/thresholds.h"

#include "core/quant_params.h"

namespace quant {

namespace {

/// How many grid points lie between the thresholds: on both sides of zero, or from zero on where the bins are
/// magnitudes or all on one side.
int64_t levelsFor(const Summary& summary, const MethodOptions& options) {
  const QuantLimits limits = storageLimits(options.storage);
  const int64_t all = int64_t{limits.high} - limits.low + 1;
  const bool grid_of_magnitudes = limits.low == 0 && summary.min >= 0;
  return options.symmetric && !grid_of_magnitudes ? all / 2 : all;
}

Range boundsOf(const Bins& bins, Thresholds thresholds, bool magnitudes) {
  const auto low = static_cast<float>(bins.edge(thresholds.first)),
             high = static_cast<float>(bins.edge(thresholds.last));
  return magnitudes ? Range{-high, high} : Range{low, high};
}

}  // namespace

Range searchRange(const TensorStatistics& statistics, const MethodOptions& options, ThresholdSearch search) {
  const Range widest = minMaxRange(statistics, options);
  const Histogram& histogram = statistics.histogram();
  const Bins bins = options.symmetric ? histogram.magnitudeBins() : histogram.signedBins();
  if (bins.size() == 0) return widest;
  const Thresholds chosen = search(bins, levelsFor(statistics.summary(), options));
  const Range bounds = boundsOf(bins, chosen, options.symmetric);
  return {std::max(bounds.low, widest.low), std::min(bounds.high, widest.high)};
}

}  // namespace quant
