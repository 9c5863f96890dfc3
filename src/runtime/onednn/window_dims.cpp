#include "runtime/onednn/window_dims.h"

#include <algorithm>

namespace quant::onednn {

namespace {

/// `pad_end` is told the axis and how far its first window reaches into the source.
template <class PadEnd>
WindowDims dimsOf(const reference::Window& window, PadEnd pad_end) {
  WindowDims dims;
  for (auto axis = window.axes.end() - window.rank; axis != window.axes.end(); ++axis) {
    dims.kernel.push_back(axis->kernel);
    dims.strides.push_back(axis->stride);
    dims.gaps.push_back(axis->dilation - 1);
    dims.pads_begin.push_back(axis->pad_begin);
    dims.pads_end.push_back(pad_end(*axis, axis->extent() - axis->pad_begin));
  }
  return dims;
}

}  // namespace

WindowDims slidingDims(const reference::Window& window) {
  return dimsOf(window, [](const reference::WindowAxis& axis, int64_t reach) {
    return (axis.out - 1) * axis.stride + reach - axis.in;
  });
}

WindowDims transposedDims(const reference::Window& window) {
  return dimsOf(window, [](const reference::WindowAxis& axis, int64_t reach) {
    return (axis.in - 1) * axis.stride + reach - axis.out;
  });
}

bool isPadded(const WindowDims& dims) {
  const auto positive = [](int64_t pad) { return pad > 0; };
  return std::ranges::any_of(dims.pads_begin, positive) || std::ranges::any_of(dims.pads_end, positive);
}

}  // namespace quant::onednn
