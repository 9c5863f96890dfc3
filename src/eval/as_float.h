#pragma once

#include <optional>

#include "core/tensor.h"

namespace quant {

/// The elements of a tensor of numbers or booleans as floats, row-major; of integers the nearest float. Nothing for
/// types without an order (strings, complex numbers).
std::optional<Tensor> asFloat(const Tensor& tensor);

}  // namespace quant
