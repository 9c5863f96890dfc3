#include "runtime/onednn/attention_rows.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "core/for_each_cpu.h"
#include "runtime/is_nan.h"
#include "runtime/onednn/exponential.h"

namespace quant::onednn {

namespace {

#define QUANTIZE_ROW_INLINE [[gnu::always_inline]] inline

constexpr float kInfinity = std::numeric_limits<float>::infinity();

QUANTIZE_ROW_INLINE void scaleAndMask(float* x, int64_t count, float factor, const MaskRow& mask) {
  for (int64_t i = 0; i < count; ++i) x[i] *= factor;
  if (mask.data == nullptr) return;
  if (mask.is_one_number) {
    for (int64_t i = 0; i < count; ++i) x[i] += *mask.data;
  } else {
    for (int64_t i = 0; i < count; ++i) x[i] += mask.data[i];
  }
}

// What a row's numbers come to is found for kRowGroup of them side by side, and these are folded in halves: one after
// the other, each would wait for the one before.
using Group = float __attribute__((vector_size(64)));
using HalfGroup = float __attribute__((vector_size(32)));
static_assert(sizeof(Group) == kRowGroup * sizeof(float));

QUANTIZE_ROW_INLINE float maximum(const float* x, int64_t padded) {
  Group largest = Group{} - kInfinity;
  for (int64_t i = 0; i < padded; i += kRowGroup) {
    Group next;
    std::memcpy(&next, x + i, sizeof(next));
    largest = next > largest ? next : largest;
  }
  HalfGroup a, b;
  std::memcpy(&a, &largest, sizeof(a));
  std::memcpy(&b, reinterpret_cast<const std::byte*>(&largest) + sizeof(a), sizeof(b));
  a = a > b ? a : b;
  HalfGroup other = __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3);
  a = a > other ? a : other;
  other = __builtin_shufflevector(a, a, 2, 3, 0, 1, 6, 7, 4, 5);
  a = a > other ? a : other;
  return a[0] > a[1] ? a[0] : a[1];
}

QUANTIZE_ROW_INLINE float sumOf(const float* x, int64_t padded) {
  Group sums{};
  for (int64_t i = 0; i < padded; i += kRowGroup) {
    Group next;
    std::memcpy(&next, x + i, sizeof(next));
    sums += next;
  }
  HalfGroup a, b;
  std::memcpy(&a, &sums, sizeof(a));
  std::memcpy(&b, reinterpret_cast<const std::byte*>(&sums) + sizeof(a), sizeof(b));
  a += b;
  a += __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3);
  a += __builtin_shufflevector(a, a, 2, 3, 0, 1, 6, 7, 4, 5);
  return a[0] + a[1];
}

/// What is cut off has an exponential of 0. NaN stays NaN.
QUANTIZE_ROW_INLINE void shiftDown(float* x, int64_t padded, float by) {
  constexpr float kLeast = -88;
  for (int64_t i = 0; i < padded; ++i) {
    const float shifted = x[i] - by;
    x[i] = shifted < kLeast ? kLeast : shifted;
  }
}

enum class Rounded { kQuotient, kProduct };

template <Rounded kWhat, class Integer>
QUANTIZE_ROW_INLINE void roundRun(const float* __restrict from, Integer* __restrict to, int64_t count,
                                  const RoundScale& by) {
  constexpr float kRoundsToWhole = 12582912.0F;  // 1.5 * 2^23: adding it leaves no place for a fraction
  const float scale = by.scale, low = by.low, high = by.high;
  const int32_t offset = by.offset;
  for (int64_t i = 0; i < count; ++i) {
    const float x = kWhat == Rounded::kQuotient ? from[i] / scale : from[i] * scale;
    const float number = isNan(x) ? 0 : x;
    const float raised = number > low ? number : low;
    const float inside = raised < high ? raised : high;
    to[i] = static_cast<Integer>(static_cast<int32_t>((inside + kRoundsToWhole) - kRoundsToWhole) + offset);
  }
}

}  // namespace

// One pass over all rows after the other, for a row's steps wait for each other, and rows do not.
QUANTIZE_FOR_EACH_CPU_UP_TO_AVX512 void exponentialRows(const ScoreRows& scores, float factor, const MaskRow* masks,
                                                        float* sums) {
  const int64_t padded = (scores.count + kRowGroup - 1) / kRowGroup * kRowGroup;
  std::array<float, kMostScoreRows> largest{};
  for (int64_t r = 0; r < scores.rows; ++r) {
    float* const x = scores.data + r * scores.stride;
    scaleAndMask(x, scores.count, factor, masks == nullptr ? MaskRow() : masks[r]);
    std::fill(x + scores.count, x + padded, -kInfinity);
    largest[static_cast<size_t>(r)] = maximum(x, padded);
  }
  for (int64_t r = 0; r < scores.rows; ++r) {
    float* const x = scores.data + r * scores.stride;
    shiftDown(x, padded, largest[static_cast<size_t>(r)]);
    for (int64_t i = 0; i < padded; ++i) x[i] = expOf(x[i]);
    sums[r] = padded == 0 ? 1 : sumOf(x, padded);
  }
}

QUANTIZE_FOR_EACH_CPU void scaleSums(const int32_t* __restrict sums, const int32_t* __restrict offsets,
                                     float* __restrict to, int64_t to_stride, int64_t rows, float factor) {
  // Left to itself, the compiler takes the same column of several rows at a time, which is slow.
  using Integers = int32_t __attribute__((vector_size(32)));
  using Floats = float __attribute__((vector_size(32)));
  constexpr int64_t kLanes = sizeof(Floats) / sizeof(float);
  for (int64_t r = 0; r < rows; ++r, sums += kRowGroup, to += to_stride) {
    for (int64_t c = 0; c < kRowGroup; c += kLanes) {
      Integers integers;
      std::memcpy(&integers, sums + c, sizeof(integers));
      const Floats floats = __builtin_convertvector(integers - offsets[r], Floats) * factor;
      std::memcpy(to + c, &floats, sizeof(floats));
    }
  }
}

QUANTIZE_FOR_EACH_CPU void divideRow(float* x, int64_t count, float by) {
  for (int64_t i = 0; i < count; ++i) x[i] /= by;
}

QUANTIZE_FOR_EACH_CPU void roundQuotients(const float* from, int16_t* to, int64_t count, const RoundScale& scale) {
  roundRun<Rounded::kQuotient>(from, to, count, scale);
}

QUANTIZE_FOR_EACH_CPU void roundQuotients(const float* from, uint8_t* to, int64_t count, const RoundScale& scale) {
  roundRun<Rounded::kQuotient>(from, to, count, scale);
}

QUANTIZE_FOR_EACH_CPU void roundProducts(const float* from, int16_t* to, int64_t count, const RoundScale& scale) {
  roundRun<Rounded::kProduct>(from, to, count, scale);
}

QUANTIZE_FOR_EACH_CPU void roundProducts(const float* from, uint8_t* to, int64_t count, const RoundScale& scale) {
  roundRun<Rounded::kProduct>(from, to, count, scale);
}

QUANTIZE_FOR_EACH_CPU void flipBytes(const uint8_t* __restrict from, uint8_t* __restrict to, int64_t count,
                                     uint8_t flip) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[i] ^ flip;
}

QUANTIZE_FOR_EACH_CPU int32_t sumOfBytes(const uint8_t* bytes, int64_t count) {
  int32_t sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += bytes[i];
  return sum;
}

QUANTIZE_FOR_EACH_CPU int32_t sumOfSignedBytes(const uint8_t* bytes, int64_t count) {
  int32_t sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<int8_t>(bytes[i]);
  return sum;
}

QUANTIZE_FOR_EACH_CPU void addSignedBytes(const uint8_t* __restrict bytes, int32_t* __restrict totals, int64_t count) {
  for (int64_t i = 0; i < count; ++i) totals[i] += static_cast<int8_t>(bytes[i]);
}

}  // namespace quant::onednn
