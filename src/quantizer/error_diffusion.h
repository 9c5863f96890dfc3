#pragma once

#include "core/data_type.h"
#include "core/tensor.h"

namespace quant {

/// The weights [M, C / group, k...] of a convolution in `half` (kFloat16 or kBFloat16), each row rounded by error
/// diffusion: what rounding took from a weight is added to the next one before that is rounded in its turn (Floyd and
/// Steinberg, "An Adaptive Algorithm for Spatial Greyscale", 1976).
///
/// Neighbouring inputs of a window are alike, and those behind an activation are positive: their product with errors
/// that cancel out is small, while errors of weights rounded one by one add up. Zeros stay zeros, NaN and infinity what
/// they are, and nothing finite becomes infinite that would not by itself.
Tensor diffuseToHalf(const Tensor& weights, DataType half);

}  // namespace quant
