#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor.h"
#include "runtime/kernel.h"

namespace quant::reference {

/// A quantized tensor's scale or zero point for the whole tensor. Throws (bad input) when it has more than one element.
float scalarScale(KernelContext& context, size_t index);
/// 0 when the input is absent.
int32_t scalarZeroPoint(KernelContext& context, size_t index);

/// Scales or zero points for `count` rows, columns or channels, one element standing for all. Throws (bad input) for
/// any other number of elements.
std::vector<float> scalesFor(KernelContext& context, size_t index, int64_t count);
/// All 0 when the input is absent.
std::vector<int32_t> zeroPointsFor(KernelContext& context, size_t index, int64_t count);

}  // namespace quant::reference
