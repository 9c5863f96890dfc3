#pragma once

#include <memory>

#include "runtime/onednn/int8_layer.h"

namespace quant::onednn {

/// For depthwise layers: several lines of the result at a time where there is a kernel for it, else
/// makeDepthwiseForm's. Exact on every CPU. The layer must outlive it.
std::unique_ptr<Int8Form> makeDepthwiseBlockForm(const Int8Layer& layer);

}  // namespace quant::onednn
