#pragma once

#include "core/tensor.h"

namespace quant {

/// Another tensor over the memory of `src`: `shape` and `layout` must name its elements in the order in which they lie.
Tensor relabel(const Tensor& src, Shape shape, Layout layout);

}  // namespace quant
