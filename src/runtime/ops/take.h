#pragma once

#include <cstdint>
#include <span>

#include "core/tensor.h"

namespace quant {

/// The slices of a row-major tensor at `indices` along `axis`, in that order (numpy's take). Every index lies in
/// [0, size of the axis).
Tensor takeAlong(const Tensor& src, int64_t axis, std::span<const int64_t> indices);

}  // namespace quant
