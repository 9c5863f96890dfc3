#include "runtime/onednn/int8_tile.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <dnnl.hpp>
#include <limits>

namespace quant::onednn {

namespace {

template <class T>
T loadAs(const std::byte* address) {
  T value;
  std::memcpy(&value, address, sizeof(T));
  return value;
}

// --- plain C++ -----------------------------------------------------------------------------------------------------

struct ExactStep {
  static int32_t product(const std::byte* row, const std::byte* column) {
    return loadAs<int16_t>(row) * loadAs<int16_t>(column) + loadAs<int16_t>(row + 2) * loadAs<int16_t>(column + 2);
  }
};

struct SaturatingStep {
  static int32_t product(const std::byte* row, const std::byte* column) {
    return pair(row, column) + pair(row + 2, column + 2);
  }
  static int32_t pair(const std::byte* row, const std::byte* column) {
    const int32_t sum =
        loadAs<uint8_t>(row) * loadAs<int8_t>(column) + loadAs<uint8_t>(row + 1) * loadAs<int8_t>(column + 1);
    return std::clamp<int32_t>(sum, std::numeric_limits<int16_t>::min(), std::numeric_limits<int16_t>::max());
  }
};

template <class Step>
void plainTile(const TileRows& rows, const std::byte* panel, int64_t steps, int32_t* sums) {
  std::fill_n(sums, rows.count * kPanelColumns, 0);
  for (int64_t r = 0; r < rows.count; ++r) {
    for (int64_t step = 0; step < steps; ++step) {
      const std::byte* const row = rows.data + r * rows.stride + step * kStepBytes;
      const std::byte* const columns = panel + step * kPanelColumns * kStepBytes;
      for (int64_t c = 0; c < kPanelColumns; ++c) {
        sums[r * kPanelColumns + c] += Step::product(row, columns + c * kStepBytes);
      }
    }
  }
}

// --- AVX2: sixteen columns are two vectors ---------------------------------------------------------------------------

template <PairSums kSums>
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i products(__m256i row, __m256i columns) {
  if constexpr (kSums == PairSums::kExact) return _mm256_madd_epi16(row, columns);
  return _mm256_madd_epi16(_mm256_maddubs_epi16(row, columns), _mm256_set1_epi16(1));
}

template <PairSums kSums, int kRows>
[[gnu::target("avx2")]] void avx2Rows(const TileRows& rows, const std::byte* panel, int64_t steps, int32_t* sums) {
  __m256i left[kRows], right[kRows];
  for (int r = 0; r < kRows; ++r) left[r] = right[r] = _mm256_setzero_si256();
  for (int64_t step = 0; step < steps; ++step) {
    const auto* const columns = reinterpret_cast<const __m256i*>(panel + step * kPanelColumns * kStepBytes);
    const __m256i first = _mm256_load_si256(columns), second = _mm256_load_si256(columns + 1);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const __m256i row = _mm256_set1_epi32(loadAs<int32_t>(rows.data + r * rows.stride + step * kStepBytes));
      left[r] = _mm256_add_epi32(left[r], products<kSums>(row, first));
      right[r] = _mm256_add_epi32(right[r], products<kSums>(row, second));
    }
  }
  for (int r = 0; r < kRows; ++r) {
    auto* const to = reinterpret_cast<__m256i*>(sums + r * kPanelColumns);
    _mm256_storeu_si256(to, left[r]);
    _mm256_storeu_si256(to + 1, right[r]);
  }
}

// --- AVX-512: sixteen columns are one vector -------------------------------------------------------------------------

template <PairSums kSums>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline __m512i products(__m512i row, __m512i columns) {
  if constexpr (kSums == PairSums::kExact) return _mm512_madd_epi16(row, columns);
  return _mm512_madd_epi16(_mm512_maddubs_epi16(row, columns), _mm512_set1_epi16(1));
}

template <PairSums kSums, int kRows>
[[gnu::target("avx512f,avx512bw")]] void avx512Rows(const TileRows& rows, const std::byte* panel, int64_t steps,
                                                    int32_t* sums) {
  __m512i totals[kRows];
  for (int r = 0; r < kRows; ++r) totals[r] = _mm512_setzero_si512();
  for (int64_t step = 0; step < steps; ++step) {
    const __m512i columns = _mm512_load_si512(panel + step * kPanelColumns * kStepBytes);
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      const __m512i row = _mm512_set1_epi32(loadAs<int32_t>(rows.data + r * rows.stride + step * kStepBytes));
      totals[r] = _mm512_add_epi32(totals[r], products<kSums>(row, columns));
    }
  }
  for (int r = 0; r < kRows; ++r) _mm512_storeu_si512(sums + r * kPanelColumns, totals[r]);
}

// --- any number of rows ----------------------------------------------------------------------------------------------

/// `kernels[n - 1]` takes n rows; the last one as often as it fits.
template <size_t kMost>
void inTurns(const TileKernel (&kernels)[kMost], const TileRows& rows, const std::byte* panel, int64_t steps,
             int32_t* sums) {
  for (int64_t r = 0; r < rows.count;) {
    const int64_t count = std::min<int64_t>(rows.count - r, kMost);
    kernels[count - 1]({rows.data + r * rows.stride, rows.stride, count}, panel, steps, sums + r * kPanelColumns);
    r += count;
  }
}

template <PairSums kSums>
void avx2Tile(const TileRows& rows, const std::byte* panel, int64_t steps, int32_t* sums) {
  static constexpr TileKernel kKernels[] = {avx2Rows<kSums, 1>, avx2Rows<kSums, 2>, avx2Rows<kSums, 3>,
                                            avx2Rows<kSums, 4>, avx2Rows<kSums, 5>, avx2Rows<kSums, 6>};
  inTurns(kKernels, rows, panel, steps, sums);
}

template <PairSums kSums>
void avx512Tile(const TileRows& rows, const std::byte* panel, int64_t steps, int32_t* sums) {
  static constexpr TileKernel kKernels[] = {avx512Rows<kSums, 1>,  avx512Rows<kSums, 2>,  avx512Rows<kSums, 3>,
                                            avx512Rows<kSums, 4>,  avx512Rows<kSums, 5>,  avx512Rows<kSums, 6>,
                                            avx512Rows<kSums, 7>,  avx512Rows<kSums, 8>,  avx512Rows<kSums, 9>,
                                            avx512Rows<kSums, 10>, avx512Rows<kSums, 11>, avx512Rows<kSums, 12>};
  inTurns(kKernels, rows, panel, steps, sums);
}

template <PairSums kSums>
TileKernel find() {
  const auto allowed = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto allows = [allowed](dnnl::cpu_isa isa) {
    return (allowed & static_cast<unsigned>(isa)) == static_cast<unsigned>(isa);
  };
  if (allows(dnnl::cpu_isa::avx512_core)) return avx512Tile<kSums>;
  if (allows(dnnl::cpu_isa::avx2)) return avx2Tile<kSums>;
  return plainTileKernel(kSums);
}

}  // namespace

TileKernel findTileKernel(PairSums pair_sums) {
  return pair_sums == PairSums::kExact ? find<PairSums::kExact>() : find<PairSums::kSaturating>();
}

TileKernel plainTileKernel(PairSums pair_sums) {
  return pair_sums == PairSums::kExact ? plainTile<ExactStep> : plainTile<SaturatingStep>;
}

}  // namespace quant::onednn
