#include "calibration/observed.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "calibration/mse.h"

namespace quant {

namespace {

/// How many values lie below the real number `place`, as if those of a bin were spread evenly over it.
double countBelow(const Bins& bins, double place) {
  double count = 0;
  for (int64_t j = 0; j < bins.size(); ++j) {
    const double part = std::clamp((place - bins.edge(j)) / bins.width, 0.0, 1.0);
    if (part == 0) break;
    count += part * static_cast<double>(bins.counts[static_cast<size_t>(j)]);
  }
  return count;
}

double clippedShare(const Bins& bins, const QuantParams& params, int64_t finite) {
  if (finite == 0) return 0;
  const Range range = params.representable();
  const double half = params.scale() / 2.0;  // so far beyond the end, a value still rounds to the last integer
  const double low = countBelow(bins, range.low - half);
  const double high = countBelow(bins, std::numeric_limits<double>::infinity()) - countBelow(bins, range.high + half);
  return (low + high) / static_cast<double>(finite);
}

double sqnrAlone(const Bins& bins, const QuantParams& params) {
  const SquaredError error(bins);
  const Range range = params.representable();
  constexpr double kFar = 1e9;  // bins beyond all values
  const auto binOf = [&](double real) { return bins.zero + std::llround(std::clamp(real / bins.width, -kFar, kFar)); };
  const int64_t levels = std::llround((static_cast<double>(range.high) - range.low) / params.scale()) + 1;
  const double noise = error({binOf(range.low), binOf(range.high)}, levels);
  if (!(error.energy() > 0) || noise <= 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(error.energy() / noise);
}

}  // namespace

Observed observe(const TensorStatistics& statistics, const QuantParams& params) {
  Bins bins = statistics.histogram().signedBins();
  Observed seen;
  if (bins.counts.empty()) {  // nothing but zeros
    seen.bins.zeros = bins.zeros;
    seen.sqnr = std::numeric_limits<double>::infinity();
    return seen;
  }
  seen.clipped = clippedShare(bins, params, statistics.summary().finite());
  seen.sqnr = sqnrAlone(bins, params);
  while (bins.size() > Observed::kMostBins) bins = bins.halved();
  seen.bins = std::move(bins);
  return seen;
}

}  // namespace quant
