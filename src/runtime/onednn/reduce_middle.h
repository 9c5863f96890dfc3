#pragma once

#include "runtime/reference/axis_view.h"

namespace quant::onednn {

enum class Reduction { kSum, kMean, kMax, kMin };

/// dst[outer, inner] = reduction over the middle of src[outer, size, inner]. Sums are kept in double; NaN wins over
/// every maximum and minimum.
void reduceMiddle(const float* src, float* dst, const reference::AxisView& view, Reduction reduction);

}  // namespace quant::onednn
