#pragma once

#include <algorithm>
#include <cstdint>

#include "calibration/histogram.h"
#include "calibration/methods.h"
#include "core/range.h"

namespace quant {

/// A run of bins that keeps its values; what lies outside is clipped to its ends. It holds zero: first <= bins.zero <=
/// last.
struct Thresholds {
  int64_t first = 0;
  int64_t last = 0;  ///< one past the last bin
  [[nodiscard]] int64_t size() const { return last - first; }
  bool operator==(const Thresholds&) const = default;
};

inline Thresholds allBins(const Bins& bins) { return {0, bins.size()}; }

/// Chooses thresholds for a grid of `levels` points that spans them.
using ThresholdSearch = Thresholds (*)(const Bins& bins, int64_t levels);

/// Lets `search` choose among the signed bins or, for a symmetric grid, among those of the magnitudes, and turns its
/// choice into a range within the values seen.
Range searchRange(const TensorStatistics& statistics, const MethodOptions& options, ThresholdSearch search);

/// Moves the upper threshold to where `cost(Thresholds)` is smallest, then the lower one, and so on until the lower one
/// stays, so that neither can gain by moving alone. Among equal costs the widest wins. At least `least_size` bins are
/// kept, and one on each side that has any.
template <class Cost>
Thresholds minimizeAlternately(const Bins& bins, int64_t least_size, Cost cost) {
  constexpr int kMaxRounds = 8;
  const auto search = [&](int64_t most_off, auto narrowed) {
    Thresholds best = narrowed(0);
    double least = cost(best);
    for (int64_t off = 1; off <= most_off; ++off) {
      const double candidate = cost(narrowed(off));
      if (candidate >= least) continue;
      least = candidate;
      best = narrowed(off);
    }
    return best;
  };

  Thresholds best = allBins(bins);
  for (int round = 0; round < kMaxRounds; ++round) {
    const int64_t first = best.first;
    best = search(std::min(bins.size() - bins.zero - 1, bins.size() - first - least_size), [&](int64_t off) {
      return Thresholds{first, bins.size() - off};
    });
    const int64_t last = best.last;
    best = search(std::min(bins.zero - 1, last - least_size), [&](int64_t off) { return Thresholds{off, last}; });
    if (best.first == first) break;
  }
  return best;
}

}  // namespace quant
