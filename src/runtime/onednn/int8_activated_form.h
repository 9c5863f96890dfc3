#pragma once

#include <memory>

#include "runtime/onednn/int8_layer.h"

namespace quant::onednn {

/// A layer whose activation only oneDNN computes, in three steps: another form writes real numbers, oneDNN's eltwise
/// primitive turns them, and a loop rounds them. The layer must outlive the form.
std::unique_ptr<Int8Form> makeActivatedForm(const Int8Layer& layer, PairSums pair_sums);

}  // namespace quant::onednn
