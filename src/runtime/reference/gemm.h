#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "runtime/element_type.h"

namespace quant::reference {

/// A matrix somewhere in memory; either stride may be 1.
template <class T>
struct MatrixView {
  const T* data;
  int64_t rows, columns;
  int64_t row_stride, column_stride;

  [[nodiscard]] MatrixView transposed() const { return {data, columns, rows, column_stride, row_stride}; }
};

/// The type in which `multiply` adds up: double for floating point numbers; integers wrap around.
template <class T>
using DotType = std::conditional_t<kIsFloat<T>, double, uint64_t>;

namespace detail {

inline constexpr int64_t kRows = 4, kColumns = 8;  // sums that fit the registers of a vector unit

/// Columns [begin, begin + kColumns) of `b`, converted, one row after the other; zero beyond the last column.
template <class T>
std::vector<DotType<T>> packColumns(const MatrixView<T>& b, int64_t begin) {
  std::vector<DotType<T>> panel(static_cast<size_t>(b.rows * kColumns));
  const int64_t count = std::min(kColumns, b.columns - begin);
  for (int64_t k = 0; k < b.rows; ++k) {
    const T* const row = b.data + k * b.row_stride + begin * b.column_stride;
    for (int64_t i = 0; i < count; ++i) {
      panel[static_cast<size_t>(k * kColumns + i)] = elementCast<DotType<T>>(row[i * b.column_stride]);
    }
  }
  return panel;
}

/// Rows [begin, begin + kRows) of `a`, converted, one column after the other; zero beyond the last row.
template <class T>
void packRows(const MatrixView<T>& a, int64_t begin, std::vector<DotType<T>>& panel) {
  panel.assign(static_cast<size_t>(a.columns * kRows), 0);
  const int64_t count = std::min(kRows, a.rows - begin);
  for (int64_t i = 0; i < count; ++i) {
    const T* const row = a.data + (begin + i) * a.row_stride;
    for (int64_t k = 0; k < a.columns; ++k) {
      panel[static_cast<size_t>(k * kRows + i)] = elementCast<DotType<T>>(row[k * a.column_stride]);
    }
  }
}

template <class Sum>
using Block = std::array<std::array<Sum, kColumns>, kRows>;

/// Σ over k of row panel[k] x column panel[k]. Each sum adds its products in the order of k.
template <class Sum>
inline Block<Sum> multiplyPanels(const Sum* rows, const Sum* columns, int64_t depth) {
  // Plain arrays of known sizes: the compiler keeps them in vector registers.
  Sum sums[kRows][kColumns] = {};
  for (int64_t k = 0; k < depth; ++k, rows += kRows, columns += kColumns) {
    for (int64_t i = 0; i < kRows; ++i) {
      for (int64_t j = 0; j < kColumns; ++j) sums[i][j] += rows[i] * columns[j];
    }
  }
  Block<Sum> block;
  for (size_t i = 0; i < kRows; ++i) std::copy_n(sums[i], kColumns, block[i].begin());
  return block;
}

}  // namespace detail

/// Calls store(row, column, sum) for every element of the product a x b, in parallel. Every sum adds its products in
/// the same order, whatever the number of threads.
template <class T, class Store>
void multiply(const MatrixView<T>& a, const MatrixView<T>& b, Store store) {
  using namespace detail;
  using Sum = DotType<T>;
  const int64_t row_blocks = (a.rows + kRows - 1) / kRows, column_blocks = (b.columns + kColumns - 1) / kColumns;
  std::vector<std::vector<Sum>> row_panels(static_cast<size_t>(row_blocks));
#pragma omp parallel if (a.rows * b.columns * a.columns > 1 << 15)
  {
#pragma omp for schedule(static)
    for (int64_t i = 0; i < row_blocks; ++i) packRows(a, i * kRows, row_panels[static_cast<size_t>(i)]);
#pragma omp for schedule(static)
    for (int64_t column_block = 0; column_block < column_blocks; ++column_block) {
      const int64_t column = column_block * kColumns;
      const std::vector<Sum> column_panel = packColumns(b, column);
      for (int64_t i = 0; i < row_blocks; ++i) {
        const auto block =
            multiplyPanels<Sum>(row_panels[static_cast<size_t>(i)].data(), column_panel.data(), a.columns);
        const int64_t rows = std::min(kRows, a.rows - i * kRows), columns = std::min(kColumns, b.columns - column);
        for (int64_t r = 0; r < rows; ++r) {
          for (int64_t c = 0; c < columns; ++c) {
            store(i * kRows + r, column + c, block[static_cast<size_t>(r)][static_cast<size_t>(c)]);
          }
        }
      }
    }
  }
}

}  // namespace quant::reference
