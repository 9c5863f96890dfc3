#include "runtime/onednn/int8_depthwise_block.h"

// gcc's own header leaves a register that it does not need undefined, and gcc 12 warns of it.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <utility>

#include "runtime/cpu.h"

namespace quant::onednn {

namespace {

#define QUANTIZE_VNNI gnu::target("avx512f,avx512bw,avx512vnni")

/// A channel's bytes of four lines side by side, for kPanelColumns channels.
[[QUANTIZE_VNNI, gnu::always_inline]] inline __m512i besideEachOther(const std::byte* const* lines, int64_t at) {
  const auto bytes = [&](int line) __attribute__((target("avx512f,avx512bw,avx512vnni"), always_inline)) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(lines[line] + at));
  };
  __m512i all = _mm512_castsi128_si512(bytes(0));
  all = _mm512_inserti32x4(all, bytes(1), 1);
  all = _mm512_inserti32x4(all, bytes(2), 2);
  all = _mm512_inserti32x4(all, bytes(3), 3);
  const __m512i quarters = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(quarters, all), order);
}

/// kPixels pixels of kLines lines of the result, from pixel `first` on.
template <int kTaps, int kStep, int kLines, int kPixels>
[[QUANTIZE_VNNI]] void addPixels(const DepthwiseBlock& block, int64_t first, int64_t channel, const int8_t* weights,
                                 const int32_t* start, int32_t* sums) {
  constexpr int64_t kVector = sizeof(__m512i);
  __m512i totals[kLines][kPixels];
  const __m512i begin = _mm512_loadu_si512(start);
#pragma GCC unroll 4
  for (int line = 0; line < kLines; ++line) {
#pragma GCC unroll 8
    for (int pixel = 0; pixel < kPixels; ++pixel) totals[line][pixel] = begin;
  }
  for (int64_t group = 0; group < block.groups; ++group, weights += kLines * kTaps * kVector) {
    const std::byte* const* const lines = block.lines + group * kGroupLines;
    const int64_t from = first * block.step_bytes + channel;
#pragma GCC unroll 32
    for (int at = 0; at < (kPixels - 1) * kStep + kTaps; ++at) {
      const __m512i bytes = besideEachOther(lines, from + at * block.tap_bytes);
#pragma GCC unroll 4
      for (int line = 0; line < kLines; ++line) {
#pragma GCC unroll 8
        for (int pixel = 0; pixel < kPixels; ++pixel) {
          const int tap = at - pixel * kStep;
          if (tap < 0 || tap >= kTaps) continue;
          const __m512i factors = _mm512_loadu_si512(weights + (line * kTaps + tap) * kVector);
          totals[line][pixel] = _mm512_dpbusd_epi32(totals[line][pixel], bytes, factors);
        }
      }
    }
  }
#pragma GCC unroll 4
  for (int64_t line = 0; line < kLines; ++line) {
#pragma GCC unroll 8
    for (int64_t pixel = 0; pixel < kPixels; ++pixel) {
      _mm512_storeu_si512(sums + (line * block.pixels + first + pixel) * kPanelColumns, totals[line][pixel]);
    }
  }
}

using PixelsKernel = void (*)(const DepthwiseBlock& block, int64_t first, int64_t channel, const int8_t* weights,
                              const int32_t* start, int32_t* sums);

/// kernels[n - 1] takes n pixels: they are dealt out evenly.
template <int kTaps, int kStep, int kLines, size_t... kCount>
void inTurns(std::index_sequence<kCount...> /*pixels*/, const DepthwiseBlock& block, int64_t channel,
             const int8_t* weights, const int32_t* start, int32_t* sums) {
  static constexpr PixelsKernel kKernels[] = {addPixels<kTaps, kStep, kLines, static_cast<int>(kCount) + 1>...};
  constexpr int64_t kMost = sizeof...(kCount);
  const int64_t turns = (block.pixels + kMost - 1) / kMost;
  for (int64_t turn = 0; turn < turns; ++turn) {
    const int64_t first = block.pixels * turn / turns, count = block.pixels * (turn + 1) / turns - first;
    kKernels[count - 1](block, first, channel, weights, start, sums);
  }
}

/// kPixels times kLines sums stay in the registers.
template <int kTaps, int kStep, int kLines, int kPixels>
void addBlock(const DepthwiseBlock& block, int64_t channel, const int8_t* weights, const int32_t* start,
              int32_t* sums) {
  inTurns<kTaps, kStep, kLines>(std::make_index_sequence<kPixels>(), block, channel, weights, start, sums);
}

}  // namespace

DepthwiseBlockKernel findDepthwiseBlockKernel(int64_t taps, int64_t stride) {
  if (vectorUnit() != VectorUnit::kAvx512 || !hasExactInt8Sums()) return {};
  // As many lines as fill the groups of four that one line needs anyway.
  if (taps == 3 && stride == 1) return {2, addBlock<3, 1, 2, 7>};
  if (taps == 3 && stride == 2) return {1, addBlock<3, 2, 1, 7>};
  if (taps == 5 && stride == 1) return {4, addBlock<5, 1, 4, 5>};
  if (taps == 5 && stride == 2) return {2, addBlock<5, 2, 2, 7>};
  return {};
}

}  // namespace quant::onednn
