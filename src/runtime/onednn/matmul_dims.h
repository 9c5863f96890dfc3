#pragma once

#include "runtime/onednn/primitive.h"

namespace quant::onednn {

/// The operands of a matrix product as oneDNN wants to see them: equal ranks, batches flattened where that is possible.
struct MatMulDims {
  Shape a, b, dst;  // [batch..., rows, depth], [batch..., depth, columns], [batch..., rows, columns]
  Shape result;     // ONNX's shape of the same elements

  [[nodiscard]] int64_t rows() const { return dst.end()[-2]; }
  [[nodiscard]] int64_t depth() const { return a.back(); }
  [[nodiscard]] int64_t columns() const { return dst.back(); }
};

/// numpy's matmul. Throws (bad input) where the shapes do not fit together.
MatMulDims matMulDims(const Shape& a, const Shape& b);

/// A matrix of these dimensions of which the transpose lies in memory, row-major.
memory::desc describeTransposed(DataType type, const Shape& dims);

/// `shape` with ones before it, up to `rank` axes.
Shape padRank(const Shape& shape, size_t rank);

}  // namespace quant::onednn
