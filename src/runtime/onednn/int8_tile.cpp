#include "runtime/onednn/int8_tile.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <dnnl.hpp>
#include <limits>
#include <utility>

#include "runtime/cpu.h"

namespace quant::onednn {

namespace {

template <class T>
T loadAs(const std::byte* address) {
  T value;
  std::memcpy(&value, address, sizeof(T));
  return value;
}

// --- plain C++ -----------------------------------------------------------------------------------------------------

int32_t productOfWords(const std::byte* row, const std::byte* column) {
  return loadAs<int16_t>(row) * loadAs<int16_t>(column) + loadAs<int16_t>(row + 2) * loadAs<int16_t>(column + 2);
}

int32_t sumOfTwo(const std::byte* row, const std::byte* column) {
  return loadAs<uint8_t>(row) * loadAs<int8_t>(column) + loadAs<uint8_t>(row + 1) * loadAs<int8_t>(column + 1);
}

int32_t productOfBytes(const std::byte* row, const std::byte* column) {
  return sumOfTwo(row, column) + sumOfTwo(row + 2, column + 2);
}

int32_t productOfPairs(const std::byte* row, const std::byte* column) {
  const auto saturate = [](int32_t sum) {
    return std::clamp<int32_t>(sum, std::numeric_limits<int16_t>::min(), std::numeric_limits<int16_t>::max());
  };
  return saturate(sumOfTwo(row, column)) + saturate(sumOfTwo(row + 2, column + 2));
}

template <auto kProduct>
void plainTile(const TileRows& rows, const TilePanels& panels, const int32_t* start, int32_t* sums) {
  for (int64_t p = 0; p < panels.count; ++p) {
    for (int64_t r = 0; r < rows.count; ++r, sums += kPanelColumns) {
      std::copy_n(start + p * kPanelColumns, kPanelColumns, sums);
      for (int64_t step = 0; step < rows.steps; ++step) {
        const std::byte* const row = rows.data + r * rows.stride + rows.offsets[step];
        const std::byte* const columns = panels.data + p * panels.stride + step * kPanelColumns * kStepBytes;
        for (int64_t c = 0; c < kPanelColumns; ++c) sums[c] += kProduct(row, columns + c * kStepBytes);
      }
    }
  }
}

// --- any number of rows and panels -----------------------------------------------------------------------------------

using RowsKernel = void (*)(const TileRows& rows, const TilePanels& panels, const int32_t* start, int32_t* sums,
                            int64_t sums_stride);

/// kernels[p - 1][n - 1] takes p panels and n rows: rows are dealt out evenly, so that the last one is not a small
/// rest.
template <size_t kPanels, size_t kRows>
void inTurns(const std::array<std::array<RowsKernel, kRows>, kPanels>& kernels, const TileRows& rows,
             const TilePanels& panels, const int32_t* start, int32_t* sums) {
  const int64_t sums_stride = rows.count * kPanelColumns, turns = (rows.count + kRows - 1) / kRows;
  for (int64_t p = 0; p < panels.count;) {
    const int64_t taken = std::min<int64_t>(panels.count - p, kPanels);
    const TilePanels some{panels.data + p * panels.stride, panels.stride, taken};
    for (int64_t turn = 0; turn < turns; ++turn) {
      const int64_t first = rows.count * turn / turns, count = rows.count * (turn + 1) / turns - first;
      const TileRows part{rows.data + first * rows.stride, rows.stride, count, rows.offsets, rows.steps};
      kernels[static_cast<size_t>(taken - 1)][static_cast<size_t>(count - 1)](
          part, some, start + p * kPanelColumns, sums + p * sums_stride + first * kPanelColumns, sums_stride);
    }
    p += taken;
  }
}

#define QUANTIZE_INLINE [[gnu::target(QUANTIZE_TARGET), gnu::always_inline]] inline

// The kernels of one instruction set: kRows rows of kPanels panels fill its registers.
#define QUANTIZE_TILE(kPanels, kRows)                                                              \
  template <TileKind kKind, int kTaken, size_t... kCount>                                          \
  constexpr std::array<RowsKernel, sizeof...(kCount)> rowKernels(std::index_sequence<kCount...>) { \
    return {tileRows<kKind, kTaken, static_cast<int>(kCount) + 1>...};                             \
  }                                                                                                \
  template <TileKind kKind, size_t... kTaken>                                                      \
  constexpr auto allKernels(std::index_sequence<kTaken...>) {                                      \
    return std::array<std::array<RowsKernel, kRows>, kPanels>{                                     \
        rowKernels<kKind, static_cast<int>(kTaken) + 1>(std::make_index_sequence<kRows>())...};    \
  }                                                                                                \
  template <TileKind kKind>                                                                        \
  void tile(const TileRows& rows, const TilePanels& panels, const int32_t* start, int32_t* sums) { \
    static constexpr auto kKernels = allKernels<kKind>(std::make_index_sequence<kPanels>());       \
    inTurns(kKernels, rows, panels, start, sums);                                                  \
  }

#define QUANTIZE_TARGET "avx2"
namespace avx2 {
using Vector = __m256i;
constexpr int64_t kLanes = 8;
#include "runtime/onednn/int8_avx2.inl"
template <TileKind kKind>
QUANTIZE_INLINE Vector mac(Vector sums, Vector row, Vector column) {
  if constexpr (kKind == TileKind::kWords) return _mm256_add_epi32(sums, _mm256_madd_epi16(row, column));
  const Vector pairs = _mm256_maddubs_epi16(row, column);
  return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
#include "runtime/onednn/int8_tile_rows.inl"
QUANTIZE_TILE(1, 6)
}  // namespace avx2
#undef QUANTIZE_TARGET

#define QUANTIZE_TARGET "avx2,avxvnni"
namespace avx2_vnni {
using Vector = __m256i;
constexpr int64_t kLanes = 8;
#include "runtime/onednn/int8_avx2.inl"
template <TileKind>
QUANTIZE_INLINE Vector mac(Vector sums, Vector row, Vector column) {
  return _mm256_dpbusd_avx_epi32(sums, row, column);
}
#include "runtime/onednn/int8_tile_rows.inl"
QUANTIZE_TILE(1, 6)
}  // namespace avx2_vnni
#undef QUANTIZE_TARGET

#define QUANTIZE_TARGET "avx512f,avx512bw"
namespace avx512 {
using Vector = __m512i;
constexpr int64_t kLanes = 16;
#include "runtime/onednn/int8_avx512.inl"
template <TileKind kKind>
QUANTIZE_INLINE Vector mac(Vector sums, Vector row, Vector column) {
  if constexpr (kKind == TileKind::kWords) return _mm512_add_epi32(sums, _mm512_madd_epi16(row, column));
  const Vector pairs = _mm512_maddubs_epi16(row, column);
  return _mm512_add_epi32(sums, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}
#include "runtime/onednn/int8_tile_rows.inl"
QUANTIZE_TILE(2, 13)
}  // namespace avx512
#undef QUANTIZE_TARGET

#define QUANTIZE_TARGET "avx512f,avx512bw,avx512vnni"
namespace avx512_vnni {
using Vector = __m512i;
constexpr int64_t kLanes = 16;
#include "runtime/onednn/int8_avx512.inl"
template <TileKind>
QUANTIZE_INLINE Vector mac(Vector sums, Vector row, Vector column) {
  return _mm512_dpbusd_epi32(sums, row, column);
}
#include "runtime/onednn/int8_tile_rows.inl"
QUANTIZE_TILE(2, 14)
}  // namespace avx512_vnni
#undef QUANTIZE_TARGET

}  // namespace

TileKernel findTileKernel(TileKind kind) {
  const VectorUnit unit = vectorUnit();
  if (kind == TileKind::kBytes) {
    if (!hasExactInt8Sums()) return nullptr;
    return unit == VectorUnit::kAvx512 ? avx512_vnni::tile<TileKind::kBytes> : avx2_vnni::tile<TileKind::kBytes>;
  }
  const bool is_words = kind == TileKind::kWords;
  switch (unit) {
    case VectorUnit::kAvx512: return is_words ? avx512::tile<TileKind::kWords> : avx512::tile<TileKind::kPairs>;
    case VectorUnit::kAvx2: return is_words ? avx2::tile<TileKind::kWords> : avx2::tile<TileKind::kPairs>;
    case VectorUnit::kNone: break;
  }
  return plainTileKernel(kind);
}

TileKernel plainTileKernel(TileKind kind) {
  switch (kind) {
    case TileKind::kWords: return plainTile<productOfWords>;
    case TileKind::kBytes: return plainTile<productOfBytes>;
    case TileKind::kPairs: break;
  }
  return plainTile<productOfPairs>;
}

}  // namespace quant::onednn
