#pragma once

#include <array>

#include "runtime/onednn/convolution_shape.h"

namespace quant::onednn {

/// One spatial axis of a convolution; axes that a tensor lacks have size 1.
struct ConvolutionAxis {
  int64_t in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, pad = 0;

  /// What the windows cover together, from the first one's begin: as much of the padded source as is read.
  [[nodiscard]] int64_t covered() const { return (out - 1) * stride + (kernel - 1) * dilation + 1; }
  [[nodiscard]] bool isPadded() const { return pad != 0 || covered() > in; }
};

/// A convolution's geometry over channels-last memory.
struct ConvolutionGeometry {
  std::array<ConvolutionAxis, 3> axes;  // depth, height, width
  int64_t batch = 1, groups = 1, in_channels = 0, out_channels = 0;

  [[nodiscard]] int64_t inPixels() const { return axes[0].in * axes[1].in * axes[2].in; }
  [[nodiscard]] int64_t outPixels() const { return axes[0].out * axes[1].out * axes[2].out; }
  [[nodiscard]] int64_t groupIn() const { return in_channels / groups; }
  [[nodiscard]] int64_t groupOut() const { return out_channels / groups; }
};

ConvolutionGeometry geometryOf(const ConvolutionShape& shape);

}  // namespace quant::onednn
