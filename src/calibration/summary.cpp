#include "calibration/summary.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/for_each_cpu.h"

namespace quant {

namespace {

/// Maps the bits of a float to an integer in the order of the numbers: -inf < -1 < -0 < +0 < 1 < inf, NaNs outside.
/// It is its own inverse. Comparing integers, unlike floats, needs no care for NaN and vectorizes as it stands.
int32_t orderKey(int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

constexpr int32_t kInfinityKey = 0x7f800000;

struct KeyScan {
  int32_t lowest = std::numeric_limits<int32_t>::max();
  int32_t highest = std::numeric_limits<int32_t>::min();
  int32_t zeros = 0;
};

QUANTIZE_FOR_EACH_CPU
KeyScan scanKeys(std::span<const float> values) {
  KeyScan scan;
  for (const float value : values) {
    const auto bits = std::bit_cast<int32_t>(value);
    const int32_t key = orderKey(bits);
    scan.lowest = std::min(scan.lowest, key);
    scan.highest = std::max(scan.highest, key);
    scan.zeros += static_cast<int32_t>((bits & 0x7fffffff) == 0);
  }
  return scan;
}

float valueOf(int32_t key) { return std::bit_cast<float>(orderKey(key)) + 0.0F; }  // -0 becomes +0

Summary summarizeNonFinite(std::span<const float> values) {
  Summary summary;
  for (const float value : values) {
    ++summary.elements;
    if (!std::isfinite(value)) {
      ++summary.non_finite;
      continue;
    }
    summary.zeros += static_cast<int64_t>(value == 0);
    summary.min = std::min(summary.min, value + 0.0F);
    summary.max = std::max(summary.max, value + 0.0F);
  }
  return summary;
}

Summary summarizeBlock(std::span<const float> values) {
  const KeyScan scan = scanKeys(values);
  if (scan.highest >= kInfinityKey || scan.lowest <= orderKey(std::bit_cast<int32_t>(-INFINITY))) {
    return summarizeNonFinite(values);
  }
  return {static_cast<int64_t>(values.size()), scan.zeros, 0, valueOf(scan.lowest), valueOf(scan.highest)};
}

}  // namespace

void Summary::merge(const Summary& other) {
  elements += other.elements;
  zeros += other.zeros;
  non_finite += other.non_finite;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
}

Summary summarize(std::span<const float> values) {
  constexpr size_t kBlock = size_t{1} << 20;  // what an int32 counts with ease, and a lone NaN makes slow
  Summary summary;
  for (size_t begin = 0; begin < values.size(); begin += kBlock) {
    summary.merge(summarizeBlock(values.subspan(begin, std::min(kBlock, values.size() - begin))));
  }
  return summary;
}

}  // namespace quant
