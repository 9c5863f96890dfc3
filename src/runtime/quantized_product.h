#pragma once

#include <cstddef>

namespace quant {

/// Inputs of the fused operators QConv and QMatMul, in lowering's own domain: products of 8-bit integers whose results
/// are real numbers, or are quantized only after an activation.
///
///   x = activation(float(sum of (a - a_zero_point) * (b - b_zero_point)) * (a_scale * b_scale) + bias)
///   y = x, or saturate(round half to even(x / y_scale) + y_zero_point) where y_scale is there
///
/// B's scale and zero point are single numbers or belong to the output channels (QConv) or columns (QMatMul), as the
/// float bias does. The attributes are those of Conv, and `activation...` as in the other fused operators.
struct QuantizedProduct {
  static constexpr size_t kA = 0, kAScale = 1, kAZeroPoint = 2, kB = 3, kBScale = 4, kBZeroPoint = 5, kBias = 6,
                          kDstScale = 7, kDstZeroPoint = 8;
};

}  // namespace quant
