#include "core/half_conversion.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/for_each_cpu.h"
#include "core/workers.h"

namespace quant {

namespace {

constexpr int32_t kMagnitudeMask = 0x7FFFFFFF, kInfinity = 0x7F800000;

/// One type's numbers as the bits of floats. Magnitudes of at least `overflow` round to infinity, those of at most
/// `vanishing` to zero.
struct Limits {
  int32_t overflow, vanishing;
  float largest, smallest_normal;
};

constexpr Limits kFloat16Limits = {0x477FF000, 0x33000000, 65504.0F, 0x1p-14F};
constexpr Limits kBFloat16Limits = {0x7F7F8000, 0x00008000, 0x1.FEp127F, 0x1p-126F};

const Limits& limitsOf(DataType half) {
  if (half == DataType::kFloat16) return kFloat16Limits;
  if (half == DataType::kBFloat16) return kBFloat16Limits;
  throwInternal("{} is not a floating point type of 16 bits", toString(half));
}

// The loops have no branches, so that compilers turn them into vector instructions. All comparisons are of signed
// integers, which AVX2 has: magnitudes are never negative.

/// As Float16(float) does it.
inline uint16_t float16Bits(float value) {
  const auto bits = std::bit_cast<int32_t>(value);
  const int32_t magnitude = bits & kMagnitudeMask;
  constexpr int32_t kSmallestNormal = 0x38800000, kHalfBits = 0x3F000000;
  const int32_t normal = (magnitude - 0x38000000 + 0xFFF + ((magnitude >> 13) & 1)) >> 13;
  const int32_t subnormal = std::bit_cast<int32_t>(std::bit_cast<float>(magnitude) + 0.5F) - kHalfBits;
  int32_t result = magnitude < kSmallestNormal ? subnormal : normal;
  result = magnitude >= kFloat16Limits.overflow ? 0x7C00 : result;
  result = magnitude > kInfinity ? 0x7E00 : result;
  return static_cast<uint16_t>(((bits >> 16) & 0x8000) | result);
}

/// As BFloat16(float) does it.
inline uint16_t bfloat16Bits(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const bool is_nan = static_cast<int32_t>(bits & kMagnitudeMask) > kInfinity;
  const uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  return static_cast<uint16_t>(is_nan ? (bits >> 16) | 0x40U : rounded);
}

// The CPU's own conversions round as ours do. A NaN's payload they treat otherwise: groups with one go the slow way.

constexpr size_t kGroup = 8;

[[gnu::target("avx,f16c")]] bool hasNan(__m256 numbers) {
  return _mm256_movemask_ps(_mm256_cmp_ps(numbers, numbers, _CMP_UNORD_Q)) != 0;
}

/// Whole groups of 8; returns how many numbers that was.
[[gnu::target("avx,f16c")]] size_t convertGroups(const float* from, uint16_t* to, size_t count) {
  size_t i = 0;
  for (; i + kGroup <= count; i += kGroup) {
    const __m256 numbers = _mm256_loadu_ps(from + i);
    if (hasNan(numbers)) {
      for (size_t k = i; k < i + kGroup; ++k) to[k] = float16Bits(from[k]);
    } else {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm256_cvtps_ph(numbers, _MM_FROUND_TO_NEAREST_INT));
    }
  }
  return i;
}

void convertFloat16(const float* from, uint16_t* to, size_t count) {
  size_t i = __builtin_cpu_supports("f16c") != 0 ? convertGroups(from, to, count) : 0;
  for (; i < count; ++i) to[i] = float16Bits(from[i]);
}

QUANTIZE_FOR_EACH_CPU
void convertBFloat16(const float* __restrict from, uint16_t* __restrict to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = bfloat16Bits(from[i]);
}

/// As float(Float16) does it. A subnormal number is a distance from 0.5, whose neighbours are as far apart as those.
inline float floatOf(uint16_t half) {
  constexpr int32_t kRebias = 0x38000000, kHalfBits = 0x3F000000;
  const int32_t magnitude = half & 0x7FFF;
  const int32_t normal = (magnitude << 13) + kRebias;
  const int32_t subnormal = std::bit_cast<int32_t>(std::bit_cast<float>(kHalfBits | magnitude) - 0.5F);
  int32_t result = magnitude < 0x0400 ? subnormal : normal;
  result = magnitude >= 0x7C00 ? normal + kRebias : result;
  return std::bit_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(half & 0x8000) << 16) | result);
}

/// Whole groups of 8; returns how many numbers that was.
[[gnu::target("avx,f16c")]] size_t widenGroups(const uint16_t* from, float* to, size_t count) {
  size_t i = 0;
  for (; i + kGroup <= count; i += kGroup) {
    const __m256 numbers = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
    if (hasNan(numbers)) {
      for (size_t k = i; k < i + kGroup; ++k) to[k] = floatOf(from[k]);
    } else {
      _mm256_storeu_ps(to + i, numbers);
    }
  }
  return i;
}

void widenFloat16(const uint16_t* from, float* to, size_t count) {
  size_t i = __builtin_cpu_supports("f16c") != 0 ? widenGroups(from, to, count) : 0;
  for (; i < count; ++i) to[i] = floatOf(from[i]);
}

QUANTIZE_FOR_EACH_CPU
void widenBFloat16(const uint16_t* __restrict from, float* __restrict to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = std::bit_cast<float>(static_cast<uint32_t>(from[i]) << 16);
}

struct BlockLoss {
  int32_t zeros = 0, overflowing = 0, vanishing = 0, max_magnitude = 0;
};

QUANTIZE_FOR_EACH_CPU
void lookAt(const float* __restrict values, size_t count, int32_t overflow, int32_t vanishing, BlockLoss& loss) {
  int32_t zeros = 0, over = 0, under = 0, max = 0;
  for (size_t i = 0; i < count; ++i) {
    const int32_t magnitude = std::bit_cast<int32_t>(values[i]) & kMagnitudeMask;
    const int32_t finite = magnitude < kInfinity ? magnitude : 0;
    zeros += magnitude == 0 ? 1 : 0;
    over += finite >= overflow ? 1 : 0;
    under += magnitude <= vanishing ? 1 : 0;  // zeros too
    max = finite > max ? finite : max;
  }
  loss = {zeros, over, under - zeros, max};
}

constexpr size_t kBlock = size_t{1} << 20;
constexpr size_t kPiece = 16 * kBlock;  // in memory at a time, where a file is mapped

/// Calls `visit(begin, count)` for parts of `total` elements, on several cores where that is worth waking them.
template <class Visit>
void forEachBlock(size_t total, Visit visit) {
  const size_t blocks = (total + kBlock - 1) / kBlock;
  const auto visitBlock = [&](size_t i) { visit(i * kBlock, std::min(kBlock, total - i * kBlock)); };
  if (blocks > 1) return forEachIndex(blocks, {}, visitBlock);
  for (size_t i = 0; i < blocks; ++i) visitBlock(i);
}

}  // namespace

void convertToHalf(std::span<const float> from, std::span<Float16> to) {
  if (from.size() != to.size()) throwInternal("{} numbers to convert into {}", from.size(), to.size());
  convertFloat16(from.data(), reinterpret_cast<uint16_t*>(to.data()), from.size());
}

void convertToHalf(std::span<const float> from, std::span<BFloat16> to) {
  if (from.size() != to.size()) throwInternal("{} numbers to convert into {}", from.size(), to.size());
  convertBFloat16(from.data(), reinterpret_cast<uint16_t*>(to.data()), from.size());
}

void convertFromHalf(std::span<const Float16> from, std::span<float> to) {
  if (from.size() != to.size()) throwInternal("{} numbers to convert into {}", from.size(), to.size());
  widenFloat16(reinterpret_cast<const uint16_t*>(from.data()), to.data(), from.size());
}

void convertFromHalf(std::span<const BFloat16> from, std::span<float> to) {
  if (from.size() != to.size()) throwInternal("{} numbers to convert into {}", from.size(), to.size());
  widenBFloat16(reinterpret_cast<const uint16_t*>(from.data()), to.data(), from.size());
}

Tensor toHalf(const Tensor& floats, DataType half) {
  const auto from = floats.data<float>();
  Tensor result(half, floats.shape());
  forEachBlock(from.size(), [&](size_t begin, size_t count) {
    if (half == DataType::kFloat16) {
      convertToHalf(from.subspan(begin, count), result.data<Float16>().subspan(begin, count));
    } else {
      convertToHalf(from.subspan(begin, count), result.data<BFloat16>().subspan(begin, count));
    }
  });
  return result;
}

float largestOf(DataType half) { return limitsOf(half).largest; }

float smallestNormalOf(DataType half) { return limitsOf(half).smallest_normal; }

HalfLoss lossIn(DataType half, std::span<const float> values) {
  const Limits& limits = limitsOf(half);
  HalfLoss loss;
  int32_t max = 0;
  loss.elements = static_cast<int64_t>(values.size());
  loss.non_zero = loss.elements;
  for (size_t first = 0; first < values.size(); first += kPiece) {
    const auto piece = values.subspan(first, std::min(kPiece, values.size() - first));
    std::vector<BlockLoss> blocks((piece.size() + kBlock - 1) / kBlock);
    forEachBlock(piece.size(), [&](size_t begin, size_t count) {
      lookAt(piece.data() + begin, count, limits.overflow, limits.vanishing, blocks[begin / kBlock]);
    });
    for (const BlockLoss& block : blocks) {
      loss.non_zero -= block.zeros;
      loss.overflowing += block.overflowing;
      loss.vanishing += block.vanishing;
      max = std::max(max, block.max_magnitude);
    }
    releasePages(std::as_bytes(piece));
  }
  loss.max_magnitude = std::bit_cast<float>(max);
  return loss;
}

}  // namespace quant
