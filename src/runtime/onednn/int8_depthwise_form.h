#pragma once

#include <memory>

#include "runtime/onednn/int8_layer.h"

namespace quant::onednn {

/// A form of our own for depthwise convolutions (as many groups as channels on both sides), exact on every CPU. For
/// layers whose activation is none, Relu or Clip.
///
/// The layer must outlive the form.
std::unique_ptr<Int8Form> makeDepthwiseForm(const Int8Layer& layer);

}  // namespace quant::onednn
