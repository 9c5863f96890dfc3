#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quant {

/// Sizes along each axis; empty for a scalar.
using Shape = std::vector<int64_t>;

/// The product of the sizes: 1 for a scalar.
int64_t elementCount(const Shape& shape);

/// "[1,3,224,224]".
std::string toString(const Shape& shape);

/// Elements to step over to go one further along each axis of a row-major tensor.
std::vector<int64_t> rowMajorStrides(const Shape& shape);

/// `axis` counted from the front; throws (bad input) when it is outside [-rank, rank).
int64_t normalizeAxis(int64_t axis, int64_t rank);

/// The shape of an elementwise result (ONNX's multidirectional broadcasting); throws (bad input) when two sizes differ
/// and neither is 1.
Shape broadcastShapes(const Shape& a, const Shape& b);

}  // namespace quant
