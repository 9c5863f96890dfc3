#pragma once

#include <string>

#include "core/tensor.h"

namespace quant {

/// `source` with elements of `type`, where no value loses its meaning: floating point is rounded to floating point that
/// can hold it, integers and booleans become any type that holds each of them exactly; floating point never becomes
/// integers. Throws (bad input) with `what` ("array 'x' of 'a.npz'") and the first value that does not fit.
Tensor convertElements(Tensor source, DataType type, const std::string& what);

}  // namespace quant
