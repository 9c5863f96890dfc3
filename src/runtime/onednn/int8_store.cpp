#include "runtime/onednn/int8_store.h"

// gcc's own header leaves a register that it does not need undefined, and gcc 12 warns of it.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/cpu.h"

namespace quant::onednn {

namespace {

/// What x / divisor may be before the zero point is added: beyond it saturates.
struct Limits {
  float low, high;

  explicit Limits(const StoreScale& scale)
      : low(static_cast<float>(-scale.zero_point)), high(static_cast<float>(255 - scale.zero_point)) {}
};

/// One panel of `rows`.
StoreRows panelOf(const StoreRows& rows, int64_t panel) {
  const int64_t at = panel * kPanelColumns;
  return {rows.sums + rows.rows * at,
          rows.multipliers + at,
          rows.residual == nullptr ? nullptr : rows.residual + at,
          rows.dst + at,
          rows.rows,
          rows.stride,
          1,
          std::min(rows.channels - at, kPanelColumns)};
}

// --- AVX-512: a row of a panel is one vector -------------------------------------------------------------------------

#define QUANTIZE_AVX512 gnu::target("avx512f,avx512bw,avx512vl")

/// The common case, one panel or two whole ones: four rows of a panel, or two rows of two, become one vector of bytes.
template <int kPanels>
[[QUANTIZE_AVX512]] void storePlainAvx512(const StoreRows& rows, const StoreScale& scale) {
  constexpr int kRows = 4 / kPanels;
  const __m512i zero_point = _mm512_set1_epi32(scale.zero_point);
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(scale.flip));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const auto mask = static_cast<__mmask16>((uint64_t{1} << rows.channels) - 1U);  // of one panel
  __m512 multipliers[kPanels];
  for (int p = 0; p < kPanels; ++p) multipliers[p] = _mm512_loadu_ps(rows.multipliers + p * kPanelColumns);
  for (int64_t r = 0; r < rows.rows; r += kRows) {
    __m512i q[4];
#pragma GCC unroll 4
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t row = std::min(r + i / kPanels, rows.rows - 1);
      const int32_t* const sums = rows.sums + (i % kPanels * rows.rows + row) * kPanelColumns;
      const __m512 x = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(sums)), multipliers[i % kPanels]);
      q[i] = _mm512_add_epi32(_mm512_cvtps_epi32(x), zero_point);
    }
    // Both packs saturate, and leave the vectors' quarters in turns.
    const __m512i packed = _mm512_packus_epi16(_mm512_packs_epi32(q[0], q[1]), _mm512_packs_epi32(q[2], q[3]));
    const __m512i bytes = _mm512_xor_si512(_mm512_permutexvar_epi32(order, packed), flip);
    uint8_t* const to = rows.dst + r * rows.stride;
    const int64_t left = rows.rows - r;
    if constexpr (kPanels == 2) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_castsi512_si256(bytes));
      if (left > 1) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + rows.stride), _mm512_extracti64x4_epi64(bytes, 1));
      }
    } else {
      const auto storeRow = [&](int64_t row, __m128i each) __attribute__((target("avx512f,avx512bw,avx512vl"))) {
        if (row < left) _mm_mask_storeu_epi8(to + row * rows.stride, mask, each);
      };
      storeRow(0, _mm512_castsi512_si128(bytes));
      storeRow(1, _mm512_extracti32x4_epi32(bytes, 1));
      storeRow(2, _mm512_extracti32x4_epi32(bytes, 2));
      storeRow(3, _mm512_extracti32x4_epi32(bytes, 3));
    }
  }
}

/// Any case of one panel.
[[QUANTIZE_AVX512]] void storePanelAvx512(const StoreRows& rows, const StoreScale& scale) {
  const __m512 multipliers = _mm512_loadu_ps(rows.multipliers);
  const Limits limits(scale);
  const __m512 lowest = _mm512_set1_ps(limits.low), highest = _mm512_set1_ps(limits.high);
  const __m512 low = _mm512_set1_ps(scale.low), high = _mm512_set1_ps(scale.high);
  const auto mask = static_cast<__mmask16>((uint64_t{1} << rows.channels) - 1U);
  for (int64_t r = 0; r < rows.rows; ++r) {
    __m512 x = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(rows.sums + r * kPanelColumns)), multipliers);
    if (scale.has_residual) {
      const __m128i bytes = _mm_maskz_loadu_epi8(mask, rows.residual + r * rows.stride);
      const __m128i flipped = _mm_xor_si128(bytes, _mm_set1_epi8(static_cast<char>(scale.residual_flip)));
      const __m512i q = _mm512_sub_epi32(_mm512_cvtepu8_epi32(flipped), _mm512_set1_epi32(scale.residual_zero_point));
      // Two roundings, as the reference has them: this spelling is never contracted to a fused multiply-add.
      constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
      const __m512 addend = _mm512_mul_ps(_mm512_cvtepi32_ps(q), _mm512_set1_ps(scale.residual_scale));
      x = _mm512_add_round_ps(x, addend, kNearest);
    }
    if (scale.clamps) x = _mm512_min_ps(_mm512_max_ps(x, low), high);
    if (scale.divisor != 1) x = _mm512_div_ps(x, _mm512_set1_ps(scale.divisor));
    const __m512 clamped = _mm512_min_ps(_mm512_max_ps(x, lowest), highest);
    const __m512i q = _mm512_add_epi32(_mm512_cvtps_epi32(clamped), _mm512_set1_epi32(scale.zero_point));
    const __m128i bytes = _mm_xor_si128(_mm512_cvtepi32_epi8(q), _mm_set1_epi8(static_cast<char>(scale.flip)));
    _mm_mask_storeu_epi8(rows.dst + r * rows.stride, mask, bytes);
  }
}

void storeAvx512(const StoreRows& rows, const StoreScale& scale) {
  const bool is_plain = scale.isPlain();
  if (is_plain && rows.panels == 2 && rows.channels == 2 * kPanelColumns) return storePlainAvx512<2>(rows, scale);
  for (int64_t p = 0; p < rows.panels; ++p) {
    const StoreRows panel = panelOf(rows, p);
    is_plain ? storePlainAvx512<1>(panel, scale) : storePanelAvx512(panel, scale);
  }
}

// --- AVX2: a row of a panel is two vectors ---------------------------------------------------------------------------

#define QUANTIZE_AVX2 gnu::target("avx2")

[[QUANTIZE_AVX2]] void storePlainAvx2(const StoreRows& rows, const StoreScale& scale) {
  const __m256i zero_point = _mm256_set1_epi32(scale.zero_point);
  const __m256i flip = _mm256_set1_epi8(static_cast<char>(scale.flip));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256 multipliers[2] = {_mm256_loadu_ps(rows.multipliers), _mm256_loadu_ps(rows.multipliers + 8)};
  for (int64_t r = 0; r < rows.rows; r += 2) {
    __m256i q[4];
#pragma GCC unroll 4
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t row = std::min(r + i / 2, rows.rows - 1);
      const int32_t* const sums = rows.sums + row * kPanelColumns + i % 2 * 8;
      const __m256i loaded = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums));
      q[i] = _mm256_add_epi32(_mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(loaded), multipliers[i % 2])),
                              zero_point);
    }
    const __m256i packed = _mm256_packus_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    const __m256i bytes = _mm256_xor_si256(_mm256_permutevar8x32_epi32(packed, order), flip);
    uint8_t* const to = rows.dst + r * rows.stride;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(bytes));
    if (r + 1 < rows.rows) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + rows.stride), _mm256_extracti128_si256(bytes, 1));
    }
  }
}

[[QUANTIZE_AVX2]] void storePanelAvx2(const StoreRows& rows, const StoreScale& scale) {
  const Limits limits(scale);
  const __m256 lowest = _mm256_set1_ps(limits.low), highest = _mm256_set1_ps(limits.high);
  const __m256 low = _mm256_set1_ps(scale.low), high = _mm256_set1_ps(scale.high);
  const __m256i zero_point = _mm256_set1_epi32(scale.zero_point);
  for (int64_t r = 0; r < rows.rows; ++r) {
    __m128i residual = _mm_setzero_si128();
    if (scale.has_residual) {
      alignas(16) uint8_t bytes[kPanelColumns] = {};
      std::memcpy(bytes, rows.residual + r * rows.stride, static_cast<size_t>(rows.channels));
      residual = _mm_xor_si128(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes)),
                               _mm_set1_epi8(static_cast<char>(scale.residual_flip)));
    }
    __m256i halves[2];
#pragma GCC unroll 2
    for (int64_t half = 0; half < 2; ++half) {
      const int32_t* const sums = rows.sums + r * kPanelColumns + half * 8;
      const __m256i loaded = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums));
      __m256 x = _mm256_mul_ps(_mm256_cvtepi32_ps(loaded), _mm256_loadu_ps(rows.multipliers + half * 8));
      if (scale.has_residual) {
        const __m128i bytes = half == 0 ? residual : _mm_srli_si128(residual, 8);
        const __m256i q = _mm256_sub_epi32(_mm256_cvtepu8_epi32(bytes), _mm256_set1_epi32(scale.residual_zero_point));
        x = _mm256_add_ps(x, _mm256_mul_ps(_mm256_cvtepi32_ps(q), _mm256_set1_ps(scale.residual_scale)));
      }
      if (scale.clamps) x = _mm256_min_ps(_mm256_max_ps(x, low), high);
      if (scale.divisor != 1) x = _mm256_div_ps(x, _mm256_set1_ps(scale.divisor));
      const __m256 clamped = _mm256_min_ps(_mm256_max_ps(x, lowest), highest);
      halves[half] = _mm256_add_epi32(_mm256_cvtps_epi32(clamped), zero_point);
    }
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(halves[0], halves[1]), 0xD8);
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    const __m128i flipped = _mm_xor_si128(bytes, _mm_set1_epi8(static_cast<char>(scale.flip)));
    std::memcpy(rows.dst + r * rows.stride, &flipped, static_cast<size_t>(rows.channels));
  }
}

void storeAvx2(const StoreRows& rows, const StoreScale& scale) {
  for (int64_t p = 0; p < rows.panels; ++p) {
    const StoreRows panel = panelOf(rows, p);
    const bool is_plain = scale.isPlain() && panel.channels == kPanelColumns;
    is_plain ? storePlainAvx2(panel, scale) : storePanelAvx2(panel, scale);
  }
}

void storePanelPlainly(const StoreRows& rows, const StoreScale& scale) {
  const Limits limits(scale);
  for (int64_t r = 0; r < rows.rows; ++r) {
    for (int64_t c = 0; c < rows.channels; ++c) {
      const int64_t at = r * rows.stride + c;
      float x = static_cast<float>(rows.sums[r * kPanelColumns + c]) * rows.multipliers[c];
      if (scale.has_residual) {
        const int32_t q = (rows.residual[at] ^ scale.residual_flip) - scale.residual_zero_point;
        x += static_cast<float>(q) * scale.residual_scale;
      }
      if (scale.clamps) x = std::min(std::max(x, scale.low), scale.high);
      const float clamped = std::min(std::max(x / scale.divisor, limits.low), limits.high);
      const auto q = static_cast<int32_t>(std::nearbyint(clamped)) + scale.zero_point;
      rows.dst[at] = static_cast<uint8_t>(q ^ scale.flip);
    }
  }
}

}  // namespace

void storePlainly(const StoreRows& rows, const StoreScale& scale) {
  for (int64_t p = 0; p < rows.panels; ++p) storePanelPlainly(panelOf(rows, p), scale);
}

StoreFunction findStoreFunction() {
  switch (vectorUnit()) {
    case VectorUnit::kAvx512: return storeAvx512;
    case VectorUnit::kAvx2: return storeAvx2;
    case VectorUnit::kNone: break;
  }
  return storePlainly;
}

}  // namespace quant::onednn
