#include "runtime/onednn/int8_depthwise.h"

// gcc's own header leaves a register that it does not need undefined, and gcc 12 warns of it.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/cpu.h"

namespace quant::onednn {

namespace {

#define QUANTIZE_INLINE [[gnu::target(QUANTIZE_TARGET), gnu::always_inline]] inline

#define QUANTIZE_TARGET "avx2"
namespace avx2 {
using Vector = __m256i;
constexpr int64_t kLanes = 8, kMostPixels = 4;
#include "runtime/onednn/int8_avx2.inl"
QUANTIZE_INLINE Vector widen(const std::byte* address) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(address)));
}
QUANTIZE_INLINE Vector multiplyAdd(Vector sums, Vector bytes, Vector weights) {
  return _mm256_add_epi32(sums, _mm256_madd_epi16(bytes, weights));  // the upper halves multiply 0
}
#include "runtime/onednn/int8_depthwise_line.inl"
}  // namespace avx2
#undef QUANTIZE_TARGET

#define QUANTIZE_TARGET "avx512f,avx512bw"
namespace avx512 {
using Vector = __m512i;
constexpr int64_t kLanes = 16, kMostPixels = 7;
#include "runtime/onednn/int8_avx512.inl"
QUANTIZE_INLINE Vector widen(const std::byte* address) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(address)));
}
QUANTIZE_INLINE Vector multiplyAdd(Vector sums, Vector bytes, Vector weights) {
  return _mm512_add_epi32(sums, _mm512_madd_epi16(bytes, weights));
}
#include "runtime/onednn/int8_depthwise_line.inl"
}  // namespace avx512
#undef QUANTIZE_TARGET

#define QUANTIZE_TARGET "avx512f,avx512bw,avx512vnni"
namespace avx512_vnni {
using Vector = __m512i;
constexpr int64_t kLanes = 16, kMostPixels = 7;
#include "runtime/onednn/int8_avx512.inl"
QUANTIZE_INLINE Vector widen(const std::byte* address) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(address)));
}
QUANTIZE_INLINE Vector multiplyAdd(Vector sums, Vector bytes, Vector weights) {
  return _mm512_dpwssd_epi32(sums, bytes, weights);
}
#include "runtime/onednn/int8_depthwise_line.inl"
}  // namespace avx512_vnni
#undef QUANTIZE_TARGET

}  // namespace

DepthwiseKernel findDepthwiseKernel() {
  switch (vectorUnit()) {
    case VectorUnit::kAvx512: return hasExactInt8Sums() ? avx512_vnni::addLine : avx512::addLine;
    case VectorUnit::kAvx2: return avx2::addLine;
    case VectorUnit::kNone: break;
  }
  return addDepthwisePlainly;
}

void addDepthwisePlainly(const DepthwiseLine& line, int64_t channel, const int32_t* weights, const int32_t* start,
                         int32_t* sums) {
  for (int64_t pixel = 0; pixel < line.pixels; ++pixel, sums += kPanelColumns) {
    std::copy_n(start, kPanelColumns, sums);
    for (int64_t tap = 0; tap < line.line_count * line.taps; ++tap) {
      const std::byte* const bytes =
          line.lines[tap / line.taps] + pixel * line.step_bytes + tap % line.taps * line.tap_bytes + channel;
      for (int64_t c = 0; c < kPanelColumns; ++c) {
        sums[c] += std::to_integer<int32_t>(bytes[c]) * weights[tap * kPanelColumns + c];
      }
    }
  }
}

}  // namespace quant::onednn
