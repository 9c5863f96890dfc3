#include "runtime/reference/dot_products.h"

#include <algorithm>

#include "core/for_each_cpu.h"

namespace quant::reference {

namespace {

/// Products of 8-bit numbers less zero points that surely add up in 32 bits: 32768 * 255 * 255 < 2^31.
constexpr int64_t kSafeDepth = 1 << 15;

// Two 16-bit products added in 32 bits are one instruction on every CPU since SSE2, and compilers recognise it in this
// form; Rows x Columns sums stay in registers.
template <int Rows, int Columns>
[[gnu::always_inline]] inline void dotBlock(const int16_t* a, const int16_t* b, int64_t depth, int32_t* sums,
                                            int64_t stride) {
  uint32_t totals[Rows][Columns] = {};
  for (int64_t begin = 0; begin < depth; begin += kSafeDepth) {
    const int64_t end = std::min(begin + kSafeDepth, depth);
    int32_t part[Rows][Columns] = {};
    for (int64_t k = begin; k < end; ++k) {
      for (int i = 0; i < Rows; ++i) {
        for (int j = 0; j < Columns; ++j) part[i][j] += int32_t{a[i * depth + k]} * b[j * depth + k];
      }
    }
    for (int i = 0; i < Rows; ++i) {
      for (int j = 0; j < Columns; ++j) totals[i][j] += static_cast<uint32_t>(part[i][j]);
    }
  }
  for (int i = 0; i < Rows; ++i) {
    for (int j = 0; j < Columns; ++j) sums[i * stride + j] = static_cast<int32_t>(totals[i][j]);
  }
}

template <int Columns>
[[gnu::always_inline]] inline void dotColumns(const int16_t* a, int64_t rows, const int16_t* b, int64_t depth,
                                              int32_t* sums, int64_t stride) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4) dotBlock<4, Columns>(a + i * depth, b, depth, sums + i * stride, stride);
  for (; i < rows; ++i) dotBlock<1, Columns>(a + i * depth, b, depth, sums + i * stride, stride);
}

}  // namespace

int64_t paddedDepth(int64_t length) {
  constexpr int64_t kVector = 16;
  return (length + kVector - 1) / kVector * kVector;
}

PackedRows::PackedRows(int64_t row_count, int64_t length)
    : rows(row_count), depth(paddedDepth(length)), numbers(static_cast<size_t>(rows * depth), 0) {}

// Integers are the same on every CPU.
QUANTIZE_FOR_EACH_CPU void dotProducts(const int16_t* a, int64_t rows, const int16_t* b, int64_t columns, int64_t depth,
                                       int32_t* sums) {
  int64_t j = 0;
  for (; j + 2 <= columns; j += 2) dotColumns<2>(a, rows, b + j * depth, depth, sums + j, columns);
  for (; j < columns; ++j) dotColumns<1>(a, rows, b + j * depth, depth, sums + j, columns);
}

void multiplyRows(const PackedRows& a, const PackedRows& b, const StoreSums& store) {
  constexpr int64_t kTile = 32;  // rows of `a` that stay in cache while those of `b` pass by
  const int64_t row_tiles = (a.rows + kTile - 1) / kTile, column_tiles = (b.rows + kTile - 1) / kTile;
#pragma omp parallel for collapse(2) schedule(static) if (a.rows * b.rows * a.depth > 1 << 15)
  for (int64_t row_tile = 0; row_tile < row_tiles; ++row_tile) {
    for (int64_t column_tile = 0; column_tile < column_tiles; ++column_tile) {
      const int64_t row = row_tile * kTile, column = column_tile * kTile;
      const int64_t rows = std::min(kTile, a.rows - row), columns = std::min(kTile, b.rows - column);
      int32_t sums[kTile * kTile];
      dotProducts(a.row(row), rows, b.row(column), columns, a.depth, sums);
      for (int64_t i = 0; i < rows; ++i) {
        store(row + i, column, {sums + i * columns, static_cast<size_t>(columns)});
      }
    }
  }
}

}  // namespace quant::reference
