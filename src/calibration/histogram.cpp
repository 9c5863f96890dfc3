#include "calibration/histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>
#include <utility>

namespace quant {

namespace {

constexpr int32_t kSide = Histogram::kBinsPerSide;
constexpr int kLogSide = 12;
static_assert(kSide == 1 << kLogSide);

/// Where a value is counted: 0 to 4095 for positive ones, 4096 to 8191 for negative ones.
uint16_t slotOf(float value, float inverse_width) {
  const auto bin = static_cast<int32_t>(std::fabs(value) * inverse_width);
  return static_cast<uint16_t>(bin + (value < 0 ? kSide : 0));
}

/// Calls visit(slots) for blocks of values. Apart from the counting, computing slots vectorizes.
template <class Visit>
void forEachSlots(std::span<const float> values, float inverse_width, Visit visit) {
  constexpr size_t kBlock = 512;
  std::array<uint16_t, kBlock> slots;
  for (size_t begin = 0; begin < values.size(); begin += kBlock) {
    const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
    for (size_t i = 0; i < block.size(); ++i) slots[i] = slotOf(block[i], inverse_width);
    visit(std::span<const uint16_t>(slots).first(block.size()));
  }
}

/// Counters for one block of values. Equal values in a row go to different lanes: adding again and again to one place
/// would wait each time for the store before.
class Lanes {
 public:
  /// A lane gets a quarter of them, which fits its 16 bits.
  static constexpr size_t kMaxValues = size_t{1} << 17;

  void count(std::span<const float> values, float inverse_width, int32_t used_positive, int32_t used_negative) {
    clear(0, used_positive);
    clear(kSide, used_negative);
    forEachSlots(values, inverse_width, [&](std::span<const uint16_t> slots) {
      size_t i = 0;
      for (; i + kLanes <= slots.size(); i += kLanes) {
        for (size_t lane = 0; lane < kLanes; ++lane) ++lanes_[slots[i + lane]][lane];
      }
      for (; i < slots.size(); ++i) ++lanes_[slots[i]][0];
    });
  }

  void addTo(std::vector<int64_t>& counts, int32_t first, int32_t used) const {
    for (int32_t slot = first; slot < first + used; ++slot) {
      const auto& lanes = lanes_[static_cast<size_t>(slot)];
      counts[static_cast<size_t>(slot)] += lanes[0] + lanes[1] + lanes[2] + lanes[3];
    }
  }

 private:
  static constexpr size_t kLanes = 4;

  void clear(int32_t first, int32_t used) { std::fill_n(lanes_.begin() + first, used, std::array<uint16_t, kLanes>{}); }

  std::array<std::array<uint16_t, kLanes>, 2 * static_cast<size_t>(kSide)> lanes_;
};

/// The smallest exponent e, from `least` on, with magnitude < 4096 * 2^e.
int exponentFor(float magnitude, int least) {
  return magnitude == 0 ? least : std::max(least, std::ilogb(magnitude) + 1 - kLogSide);
}

/// Merges runs of 2^shift bins of one side.
void mergeNeighbours(std::span<int64_t> side, int shift) {
  for (size_t bin = 1; bin < side.size(); ++bin) {
    const int64_t moved = std::exchange(side[bin], 0);
    side[bin >> shift] += moved;
  }
}

/// Bins up to the last that is not empty.
int32_t usedBins(std::span<const int64_t> side) {
  int32_t used = static_cast<int32_t>(side.size());
  while (used > 0 && side[static_cast<size_t>(used) - 1] == 0) --used;
  return used;
}

}  // namespace

Bins Bins::halved() const {
  Bins half;
  half.zero = (zero + 1) / 2;
  half.width = 2 * width;
  half.zeros = zeros;
  half.counts.resize(static_cast<size_t>(half.zero + (size() - zero + 1) / 2));
  for (int64_t j = 0; j < size(); ++j) {
    const int64_t bin = (j - zero) >> 1;  // rounds down, also on the negative side
    half.counts[static_cast<size_t>(bin + half.zero)] += counts[static_cast<size_t>(j)];
  }
  return half;
}

void Histogram::observe(std::span<const float> values) {
  for (size_t begin = 0; begin < values.size(); begin += Lanes::kMaxValues) {
    const auto block = values.subspan(begin, std::min(Lanes::kMaxValues, values.size() - begin));
    observe(block, summarize(block));
  }
}

void Histogram::observe(std::span<const float> values, const Summary& summary) {
  if (summary.non_finite == 0) return observeFinite(values, summary);
  std::vector<float> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite), [](float x) { return std::isfinite(x); });
  observeFinite(finite, summary);
}

void Histogram::observeFinite(std::span<const float> values, const Summary& summary) {
  zeros_ += summary.zeros;
  if (summary.zeros == summary.finite()) return;
  const float highest = std::max(summary.max, 0.0F), lowest = std::min(summary.min, 0.0F);
  growTo(exponentFor(std::max(highest, -lowest), kMinExponent));
  const float inverse_width = 1 / binWidth();
  const int32_t used_positive = slotOf(highest, inverse_width) + 1;
  const int32_t used_negative = lowest < 0 ? slotOf(lowest, inverse_width) - kSide + 1 : 0;
  counts_[0] -= summary.zeros;  // they are about to be counted there

  // Clearing and adding up the lanes costs more than it saves for few values.
  if (std::ssize(values) < used_positive + used_negative) {
    forEachSlots(values, inverse_width, [&](std::span<const uint16_t> slots) {
      for (const uint16_t slot : slots) ++counts_[slot];
    });
    return;
  }
  Lanes lanes;
  for (size_t begin = 0; begin < values.size(); begin += Lanes::kMaxValues) {
    const auto block = values.subspan(begin, std::min(Lanes::kMaxValues, values.size() - begin));
    lanes.count(block, inverse_width, used_positive, used_negative);
    lanes.addTo(counts_, 0, used_positive);
    lanes.addTo(counts_, kSide, used_negative);
  }
}

void Histogram::growTo(int exponent) {
  counts_.resize(2 * static_cast<size_t>(kSide));
  if (exponent <= exponent_) return;
  const int shift = std::min(exponent - exponent_, kLogSide);
  const std::span<int64_t> counts(counts_);
  mergeNeighbours(counts.first(kSide), shift);
  mergeNeighbours(counts.last(kSide), shift);
  exponent_ = exponent;
}

void Histogram::merge(const Histogram& other) {
  zeros_ += other.zeros_;
  if (other.counts_.empty()) return;
  growTo(other.exponent_);
  const int shift = std::min(exponent_ - other.exponent_, kLogSide);
  for (size_t bin = 0; bin < static_cast<size_t>(kSide); ++bin) {
    counts_[bin >> shift] += other.counts_[bin];
    counts_[kSide + (bin >> shift)] += other.counts_[kSide + bin];
  }
}

float Histogram::binWidth() const { return std::ldexp(1.0F, exponent_); }

int64_t Histogram::elements() const { return std::accumulate(counts_.begin(), counts_.end(), zeros_); }

Bins Histogram::signedBins() const {
  Bins bins;
  bins.width = binWidth();
  bins.zeros = zeros_;
  if (counts_.empty()) return bins;
  const std::span<const int64_t> counts(counts_);
  const auto positive = counts.first(static_cast<size_t>(usedBins(counts.first(kSide))));
  const auto negative = counts.subspan(kSide, static_cast<size_t>(usedBins(counts.last(kSide))));
  bins.zero = static_cast<int64_t>(negative.size());
  bins.counts.assign(negative.rbegin(), negative.rend());
  bins.counts.insert(bins.counts.end(), positive.begin(), positive.end());
  return bins;
}

Bins Histogram::magnitudeBins() const {
  const Bins both = signedBins();
  Bins bins{{}, 0, both.width, both.zeros};
  bins.counts.resize(static_cast<size_t>(std::max(both.zero, both.size() - both.zero)));
  for (int64_t j = 0; j < both.size(); ++j) {
    const int64_t bin = j < both.zero ? both.zero - 1 - j : j - both.zero;
    bins.counts[static_cast<size_t>(bin)] += both.counts[static_cast<size_t>(j)];
  }
  return bins;
}

}  // namespace quant
