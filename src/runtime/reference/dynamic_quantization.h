#pragma once

#include <cstdint>

#include "core/tensor.h"

namespace quant::reference {

/// A tensor's own range, widened to hold zero.
struct DynamicRange {
  float low = 0, high = 0;
};

/// What DynamicQuantizeLinear's integers mean.
struct DynamicParams {
  float scale = 1;
  uint8_t zero_point = 0;
};

DynamicParams dynamicParams(DynamicRange range);

/// A tensor as DynamicQuantizeLinear writes it.
struct DynamicallyQuantized {
  Tensor integers;  ///< uint8, in the source's shape and layout
  DynamicParams params;
};

DynamicallyQuantized quantizeDynamically(const Tensor& src);

}  // namespace quant::reference
