#include "calibration/histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>
#include <memory>
#include <numeric>
#include <utility>

#include "core/for_each_cpu.h"

namespace quant {

namespace {

constexpr int32_t kSide = Histogram::kBinsPerSide;
constexpr int kLogSide = 12;
static_assert(kSide == 1 << kLogSide);

/// Values that are looked at together: they stay in the first-level cache between one look and the next.
constexpr size_t kBlock = 4096;

/// Where a value is counted: 0 to 4095 for positive ones, 4096 to 8191 for negative ones.
inline uint16_t slotOf(float value, float inverse_width) {
  const auto bin = static_cast<int32_t>(std::fabs(value) * inverse_width);
  return static_cast<uint16_t>(bin + (value < 0 ? kSide : 0));
}

using Slots = std::array<uint16_t, kBlock>;

QUANTIZE_FOR_EACH_CPU
void findSlots(std::span<const float> values, float inverse_width, Slots& slots) {
  for (size_t i = 0; i < values.size(); ++i) slots[i] = slotOf(values[i], inverse_width);
}

constexpr size_t kLanes = 4;
using Quadruple = std::array<uint16_t, kLanes>;

/// Adds each quadruple's sum.
QUANTIZE_FOR_EACH_CPU
void addSums(const Quadruple* __restrict quadruples, int64_t* __restrict sums, size_t count) {
  constexpr uint64_t kEven = 0x0000ffff0000ffff;
  for (size_t i = 0; i < count; ++i) {
    const auto word = std::bit_cast<uint64_t>(quadruples[i]);
    const uint64_t pairs = (word & kEven) + ((word >> 16) & kEven);
    sums[i] += static_cast<int64_t>((pairs & 0xffffffff) + (pairs >> 32));
  }
}

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

/// Counters for values of one bin width. Equal values in a row go to different lanes: adding again and again to one
/// place would wait each time for the store before.
class Histogram::Lanes {
 public:
  /// Values of one block, whose slots reach no further than the two numbers of bins.
  void count(std::span<const uint16_t> slots, int32_t positive, int32_t negative) {
    extend(positive_, positive, 0);
    extend(negative_, negative, kSide);
    counted_ += (slots.size() + kLanes - 1) / kLanes;
    size_t i = 0;
    for (; i + kLanes <= slots.size(); i += kLanes) {
      for (size_t lane = 0; lane < kLanes; ++lane) ++lanes_[slots[i + lane]][lane];
    }
    for (size_t lane = 0; i < slots.size(); ++i, ++lane) ++lanes_[slots[i]][lane];
  }

  /// False when a counter might overflow with another block.
  [[nodiscard]] bool hasRoom() const { return counted_ + kBlock / kLanes <= 0xffff; }

  /// Adds what was counted to `counts` and starts again.
  void moveTo(std::span<int64_t> counts) {
    add(counts, 0, positive_);
    add(counts, kSide, negative_);
    positive_ = negative_ = 0;
    counted_ = 0;
  }

 private:
  /// Clears the counters that come into use.
  void extend(int32_t& used, int32_t wanted, int32_t first) {
    if (wanted <= used) return;
    std::fill(lanes_.begin() + first + used, lanes_.begin() + first + wanted, Quadruple{});
    used = wanted;
  }

  void add(std::span<int64_t> counts, int32_t first, int32_t used) const {
    if (used > 0) addSums(lanes_.data() + first, counts.data() + first, static_cast<size_t>(used));
  }

  int32_t positive_ = 0, negative_ = 0;  // counters in use on either side; the others hold anything
  size_t counted_ = 0;                   // values in the fullest lane, at most
  alignas(64) std::array<Quadruple, 2 * static_cast<size_t>(kSide)> lanes_;
};

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

Summary Histogram::observe(std::span<const float> values) {
  // Clearing the lanes and adding them up costs more than they save for few values.
  std::unique_ptr<Lanes> lanes;
  if (values.size() > kSide) lanes = std::make_unique_for_overwrite<Lanes>();
  Summary all;
  for (size_t begin = 0; begin < values.size(); begin += kBlock) {
    const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
    const Summary summary = summarize(block);
    all.merge(summary);
    if (summary.non_finite == 0) {
      observeFinite(block, summary, lanes.get());
    } else {
      std::vector<float> finite;
      std::ranges::copy_if(block, std::back_inserter(finite), [](float x) { return std::isfinite(x); });
      observeFinite(finite, summary, lanes.get());
    }
  }
  if (lanes) lanes->moveTo(counts_);
  return all;
}

void Histogram::observeFinite(std::span<const float> values, const Summary& summary, Lanes* lanes) {
  zeros_ += summary.zeros;
  if (summary.zeros == summary.finite()) return;
  const float highest = std::max(summary.max, 0.0F), lowest = std::min(summary.min, 0.0F);
  const int exponent = exponentFor(std::max(highest, -lowest), kMinExponent);
  if (lanes != nullptr && (exponent > exponent_ || !lanes->hasRoom())) lanes->moveTo(counts_);
  growTo(exponent);
  counts_[0] -= summary.zeros;  // they are about to be counted there

  const float inverse_width = 1 / binWidth();
  Slots buffer;
  findSlots(values, inverse_width, buffer);
  const auto slots = std::span<const uint16_t>(buffer).first(values.size());
  if (lanes == nullptr) {
    for (const uint16_t slot : slots) ++counts_[slot];
    return;
  }
  const int32_t positive = slotOf(highest, inverse_width) + 1;
  const int32_t negative = lowest < 0 ? slotOf(lowest, inverse_width) - kSide + 1 : 0;
  lanes->count(slots, positive, negative);
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
