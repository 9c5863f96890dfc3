#pragma once

#include <cstdint>

#include "runtime/reference/dynamic_quantization.h"

namespace quant::onednn {

/// Widens `range` to hold `count` numbers; a NaN is passed over.
void widenRange(const float* x, int64_t count, reference::DynamicRange& range);

}  // namespace quant::onednn
