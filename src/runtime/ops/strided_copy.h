#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor.h"

namespace quant {

/// Which elements of two tensors a copy pairs: those at `offset + sum(index * stride)` for every index of `box`,
/// counted in elements. Source strides may be negative (reversed) or zero (repeated).
struct StridedCopy {
  Shape box;
  std::vector<int64_t> src_strides, dst_strides;
  int64_t src_offset = 0, dst_offset = 0;
};

/// Copies elements of any type between two row-major tensors of the same type, which must not overlap unless no element
/// is both read and written.
void copyStrided(const Tensor& src, Tensor& dst, const StridedCopy& copy);

/// dst, which is row-major and has as many elements as `box`, = the elements of src at these strides.
void copyStrided(const Tensor& src, Tensor& dst, const Shape& box, const std::vector<int64_t>& src_strides,
                 int64_t src_offset = 0);

/// Sets every element to the one at `value`.
void fill(Tensor& dst, const void* value);

}  // namespace quant
