#pragma once

#include "core/tensor.h"

namespace quant {

/// True when no number is NaN or infinite. For tensors of float, float16 and bfloat16; pages of a mapped file are given
/// back once they are read.
bool allFinite(const Tensor& tensor);

}  // namespace quant
