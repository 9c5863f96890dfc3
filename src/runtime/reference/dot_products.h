#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "runtime/element_type.h"
#include "runtime/reference/gemm.h"

namespace quant::reference {

/// Rows of small integers (an 8-bit number less its zero point), widened to 16 bits and padded with zeros to a length
/// that suits vector units.
struct PackedRows {
  PackedRows() = default;
  PackedRows(int64_t row_count, int64_t length);

  int64_t rows = 0, depth = 0;  ///< depth: the padded length
  std::vector<int16_t> numbers;

  [[nodiscard]] const int16_t* row(int64_t i) const { return numbers.data() + i * depth; }
  [[nodiscard]] int16_t* row(int64_t i) { return numbers.data() + i * depth; }
};

/// `length` rounded up to whole vectors.
int64_t paddedDepth(int64_t length);

/// The rows of `matrix`, each less its zero point.
template <class T>
PackedRows packRows(const MatrixView<T>& matrix, std::span<const int32_t> zero_points) {
  PackedRows packed(matrix.rows, matrix.columns);
#pragma omp parallel for schedule(static) if (matrix.rows * matrix.columns > 1 << 14)
  for (int64_t i = 0; i < matrix.rows; ++i) {
    const T* const from = matrix.data + i * matrix.row_stride;
    for (int64_t k = 0; k < matrix.columns; ++k) {
      packed.row(i)[k] = static_cast<int16_t>(from[k * matrix.column_stride] - zero_points[static_cast<size_t>(i)]);
    }
  }
  return packed;
}

/// sums[i * columns + j] = Σ over k of a[i * depth + k] * b[j * depth + k], exact in 32 bits, where it would wrap
/// around beyond them. Numbers must be within [-255, 255].
void dotProducts(const int16_t* a, int64_t rows, const int16_t* b, int64_t columns, int64_t depth, int32_t* sums);

/// Receives the sums of row `row`, columns from `column` on. Called from several threads.
using StoreSums = std::function<void(int64_t row, int64_t column, std::span<const int32_t> sums)>;

/// The products of every row of `a` with every row of `b`, in parallel.
void multiplyRows(const PackedRows& a, const PackedRows& b, const StoreSums& store);

}  // namespace quant::reference
