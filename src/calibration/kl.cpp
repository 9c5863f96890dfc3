#include "calibration/kl.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "calibration/logarithm.h"
#include "calibration/mse.h"
#include "core/for_each_cpu.h"

namespace quant {

namespace {

double timesLog(double x) { return x == 0 ? 0 : x * logarithm(x); }

/// The counts with the bins beside zero cut down to their neighbours.
std::vector<int64_t> withoutZeroSpike(const Bins& bins) {
  std::vector<int64_t> counts = bins.counts;
  const auto zero = static_cast<size_t>(bins.zero);
  if (zero + 1 < counts.size()) counts[zero] = std::min(counts[zero], counts[zero + 1]);
  if (zero >= 2) counts[zero - 1] = std::min(counts[zero - 1], counts[zero - 2]);
  return counts;
}

constexpr int64_t kGroupsAtOnce = 128;

/// Some of the grid's groups: sums at the border before each, and at the last one's end.
struct Borders {
  std::array<double, kGroupsAtOnce + 1> count, filled;
};

/// m_g * log(m_g / f_g), summed over `groups` groups that have m_g values in f_g filled bins.
struct Cross {
  double sum = 0;
  double first_log = 0, last_log = 0;  ///< log(m_g / f_g) of the first and of the last group
};

QUANTIZE_FOR_EACH_CPU
Cross crossOf(const Borders& borders, size_t groups) {
  constexpr size_t kLanes = 4;
  // Counts are whole numbers: this changes nothing but an empty group's 0 / 0, which counts nothing.
  constexpr double kNothing = 1e-100;
  std::array<double, kGroupsAtOnce> logs, terms{};
  for (size_t i = 0; i < groups; ++i) {
    const double kept = borders.count[i + 1] - borders.count[i], filled = borders.filled[i + 1] - borders.filled[i];
    logs[i] = logarithm((kept + kNothing) / (filled + kNothing));
    terms[i] = kept * logs[i];
  }
  std::array<double, kLanes> sums{};
  for (size_t i = 0; i < terms.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += terms[i + lane];
  }
  return {(sums[0] + sums[1]) + (sums[2] + sums[3]), logs[0], logs[groups - 1]};
}

}  // namespace

KlDivergence::KlDivergence(const Bins& bins, int64_t levels) : levels_(levels) {
  for (std::vector<double>* sums : {&count_, &filled_, &entropy_}) {
    sums->reserve(bins.counts.size() + 1);
    sums->push_back(0);
  }
  for (const int64_t exact : withoutZeroSpike(bins)) {
    const auto count = static_cast<double>(exact);
    count_.push_back(count_.back() + count);
    filled_.push_back(filled_.back() + (count > 0 ? 1 : 0));
    entropy_.push_back(entropy_.back() + timesLog(count));
  }
}

// With n values in all, m of them kept, and group g of the grid having m_g values in f_g filled bins:
//   sum of P log(P / Q) = sum over bins of p/n * log((p/n) / (m_g/f_g / m))
//                       = (sum over bins of p log p - sum over groups of p_g log(m_g / f_g)) / n + log(m / n)
// where p, the bins of P times n, are the counts, but for the end bins, which hold the values outside as well.
double KlDivergence::operator()(Thresholds thresholds) const {
  const auto first = static_cast<size_t>(thresholds.first), last = static_cast<size_t>(thresholds.last);
  const double all = count_.back(), below = count_[first], above = all - count_[last];
  const double first_bin = countIn(thresholds.first), last_bin = countIn(thresholds.last - 1);
  if ((first_bin == 0 && below > 0) || (last_bin == 0 && above > 0)) return std::numeric_limits<double>::infinity();

  const double entropy = entropy_[last] - entropy_[first] + timesLog(first_bin + below) - timesLog(first_bin) +
                         timesLog(last_bin + above) - timesLog(last_bin);
  return (entropy - cross(thresholds, below, above)) / all + logarithm((all - below - above) / all);
}

double KlDivergence::cross(Thresholds thresholds, double below, double above) const {
  // Group g begins at the least bin that is not below g * size / levels. The half keeps the quotient away from whole
  // numbers, so that its rounding does not matter.
  const double inverse_levels = 1 / static_cast<double>(levels_);
  const auto first = static_cast<size_t>(thresholds.first);
  const auto begin_of = [&](int64_t group) {
    const int64_t product = group * thresholds.size() + levels_ - 1;
    return first + static_cast<size_t>((static_cast<double>(product) + 0.5) * inverse_levels);
  };
  double sum = 0;
  Borders borders;
  for (int64_t group = 0; group < levels_; group += kGroupsAtOnce) {
    const int64_t groups = std::min(kGroupsAtOnce, levels_ - group);
    for (int64_t i = 0; i <= groups; ++i) {
      const size_t bin = begin_of(group + i);
      borders.count[static_cast<size_t>(i)] = count_[bin];
      borders.filled[static_cast<size_t>(i)] = filled_[bin];
    }
    const Cross part = crossOf(borders, static_cast<size_t>(groups));
    sum += part.sum;
    if (group == 0) sum += below * part.first_log;
    if (group + groups == levels_) sum += above * part.last_log;
  }
  return sum;
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
