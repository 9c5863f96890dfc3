#include "calibration/kl.h"

#include <cmath>
#include <limits>

#include "calibration/mse.h"

namespace quant {

namespace {

double timesLog(double x) { return x == 0 ? 0 : x * std::log(x); }

/// The counts with the bins beside zero cut down to their neighbours.
std::vector<int64_t> withoutZeroSpike(const Bins& bins) {
  std::vector<int64_t> counts = bins.counts;
  const auto zero = static_cast<size_t>(bins.zero);
  if (zero + 1 < counts.size()) counts[zero] = std::min(counts[zero], counts[zero + 1]);
  if (zero >= 2) counts[zero - 1] = std::min(counts[zero - 1], counts[zero - 2]);
  return counts;
}

}  // namespace

KlDivergence::KlDivergence(const Bins& bins, int64_t levels) : levels_(levels) {
  before_.reserve(bins.counts.size() + 1);
  before_.emplace_back();
  for (const int64_t exact : withoutZeroSpike(bins)) {
    const auto count = static_cast<double>(exact);
    const Sums& last = before_.back();
    before_.push_back({last.count + count, last.filled + (count > 0 ? 1 : 0), last.entropy + timesLog(count)});
  }
}

// With n values in all, m of them kept, and group g of the grid having m_g values in f_g filled bins:
//   sum of P log(P / Q) = sum over bins of p/n * log((p/n) / (m_g/f_g / m))
//                       = (sum over bins of p log p - sum over groups of p_g log(m_g / f_g)) / n + log(m / n)
// where p, the bins of P times n, are the counts, but for the end bins, which hold the values outside as well.
double KlDivergence::operator()(Thresholds thresholds) const {
  const auto first = static_cast<size_t>(thresholds.first), last = static_cast<size_t>(thresholds.last);
  const double all = before_.back().count, below = before_[first].count, above = all - before_[last].count;
  const double first_bin = countIn(thresholds.first), last_bin = countIn(thresholds.last - 1);
  if ((first_bin == 0 && below > 0) || (last_bin == 0 && above > 0)) return std::numeric_limits<double>::infinity();

  const double entropy = before_[last].entropy - before_[first].entropy + timesLog(first_bin + below) -
                         timesLog(first_bin) + timesLog(last_bin + above) - timesLog(last_bin);
  double cross = 0;
  const Sums* begin = &before_[first];
  for (int64_t group = 1; group <= levels_; ++group) {
    const Sums* end = &before_[first + static_cast<size_t>((group * thresholds.size() + levels_ - 1) / levels_)];
    const double kept = end->count - begin->count;
    if (kept > 0) {
      const double outside = (group == 1 ? below : 0) + (group == levels_ ? above : 0);
      cross += (kept + outside) * std::log(kept / (end->filled - begin->filled));
    }
    begin = end;
  }
  return (entropy - cross) / all + std::log((all - below - above) / all);
}

Thresholds klThresholds(const Bins& bins, int64_t levels) {
  constexpr int64_t kMaxBins = 4096;
  if (bins.size() > kMaxBins) {
    const Bins half = bins.halved();
    const Thresholds chosen = klThresholds(half, levels);
    return {std::max<int64_t>(0, bins.zero - 2 * (half.zero - chosen.first)),
            std::min(bins.size(), bins.zero + 2 * (chosen.last - half.zero))};
  }
  const KlDivergence divergence(bins, levels);
  if (bins.size() <= levels || divergence.isEmpty()) return allBins(bins);
  const SquaredError error(bins);
  const double most_error = error(allBins(bins), levels);
  // TensorRT's narrowest candidate: 128 of 2048 bins.
  return minimizeAlternately(bins, std::max(levels, bins.size() / 16), [&](Thresholds thresholds) {
    if (error(thresholds, levels) > most_error) return std::numeric_limits<double>::infinity();
    return divergence(thresholds);
  });
}

Range klRange(const TensorStatistics& statistics, const MethodOptions& options) {
  return searchRange(statistics, options, klThresholds);
}

}  // namespace quant
