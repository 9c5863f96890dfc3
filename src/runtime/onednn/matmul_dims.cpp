#include "runtime/onednn/matmul_dims.h"

#include <algorithm>

#include "runtime/reference/matmul_shapes.h"

namespace quant::onednn {

namespace {

using Batch = std::vector<int64_t>;

Batch batchOf(const Shape& shape) { return shape.size() <= 2 ? Batch{} : Batch(shape.begin(), shape.end() - 2); }

Shape joined(Batch batch, int64_t rows, int64_t columns) {
  batch.insert(batch.end(), {rows, columns});
  return batch;
}

}  // namespace

Shape padRank(const Shape& shape, size_t rank) {
  Shape padded(rank - std::min(rank, shape.size()), 1);
  padded.insert(padded.end(), shape.begin(), shape.end());
  return padded;
}

MatMulDims matMulDims(const Shape& a, const Shape& b) {
  const reference::MatMulShapes shapes(a, b);
  const auto [rows, depth, columns] = std::tuple(shapes.rows, shapes.depth, shapes.columns);
  Batch a_batch = batchOf(a), b_batch = batchOf(b);
  if (elementCount(b_batch) == 1) {
    // One right side for all: the batches of the left are more rows.
    const int64_t all_rows = elementCount(a_batch) * rows;
    return {{all_rows, depth}, {depth, columns}, {all_rows, columns}, shapes.result};
  }
  if (a_batch == b_batch) {
    a_batch = b_batch = {elementCount(a_batch)};
  } else {
    const size_t rank = std::max(a_batch.size(), b_batch.size());
    a_batch = padRank(a_batch, rank);
    b_batch = padRank(b_batch, rank);
  }
  return {joined(a_batch, rows, depth), joined(b_batch, depth, columns),
          joined(broadcastShapes(a_batch, b_batch), rows, columns), shapes.result};
}

memory::desc describeTransposed(DataType type, const Shape& dims) {
  std::vector<int64_t> strides = rowMajorStrides(dims);
  strides.end()[-1] = dims.end()[-2];
  strides.end()[-2] = 1;
  return {dims, memoryType(type), strides};
}

}  // namespace quant::onednn
