#pragma once

#include "core/tensor.h"
#include "runtime/reference/window.h"

namespace quant::reference {

/// The sizes of a convolution: src [N, groups * group_in, spatial...] with weights [groups * group_out, group_in,
/// kernel...]. Throws (bad input) where they do not fit together.
struct ConvolutionShapes {
  ConvolutionShapes(const Node& node, const Shape& src, const Shape& weights);

  Window window;
  int64_t batch, groups, group_in, group_out;

  /// Products that make up one element of the result.
  [[nodiscard]] int64_t depth() const { return group_in * window.kernelSize(); }
  [[nodiscard]] int64_t inChannels() const { return groups * group_in; }
  [[nodiscard]] int64_t outChannels() const { return groups * group_out; }
  [[nodiscard]] Shape outShape() const { return window.outShape(batch, outChannels()); }
  /// Throws (bad input) unless `tensor` has one element for each output channel.
  void requirePerChannel(const Tensor& tensor, const char* what) const;
};

}  // namespace quant::reference
