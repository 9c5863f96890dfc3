#pragma once

#include <cstdint>
#include <vector>

#include "core/shape.h"

namespace quant::reference {

/// The sizes of numpy's matmul: [batch..., rows, depth] x [batch..., depth, columns], where batches broadcast, a 1-D
/// left side is one row and a 1-D right side one column, both left out of the result.
struct MatMulShapes {
  /// Throws (bad input) where the shapes do not fit together.
  MatMulShapes(const Shape& a, const Shape& b);

  Shape result;
  int64_t rows, depth, columns;
  /// Which matrix of `a` and `b` belongs to each matrix of the result.
  std::vector<int64_t> a_batch, b_batch;
};

}  // namespace quant::reference
