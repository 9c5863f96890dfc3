#include "runtime/onednn/int8_geometry.h"

namespace quant::onednn {

ConvolutionGeometry geometryOf(const ConvolutionShape& shape) {
  ConvolutionGeometry geometry;
  const size_t rank = shape.dst.size() - 2, missing = geometry.axes.size() - rank;
  const bool has_groups = shape.weights.size() > shape.dst.size();
  geometry.batch = shape.dst[0];
  geometry.groups = has_groups ? shape.weights[0] : 1;
  geometry.in_channels = shape.src[1];
  geometry.out_channels = shape.dst[1];
  for (size_t i = 0; i < rank; ++i) {
    const WindowDims& window = shape.window;
    ConvolutionAxis& axis = geometry.axes[missing + i];
    axis.in = shape.src[2 + i];
    axis.out = shape.dst[2 + i];
    axis.kernel = shape.weights[(has_groups ? 3 : 2) + i];
    axis.stride = window.strides[i];
    axis.dilation = window.gaps[i] + 1;
    axis.pad = window.pads_begin[i];
  }
  // Neighbouring pixels without a window around them are one long line.
  auto& [depth, height, width] = geometry.axes;
  const auto is_plain = [](const ConvolutionAxis& axis) {
    return axis.kernel == 1 && axis.stride == 1 && !axis.isPadded() && axis.in == axis.out;
  };
  if (is_plain(depth) && is_plain(height) && is_plain(width)) {
    width.in = width.out = geometry.inPixels();
    depth = height = {};
  }
  return geometry;
}

}  // namespace quant::onednn
