#pragma once

#include "runtime/reference/window.h"

namespace quant::onednn {

/// A sliding window as oneDNN wants to hear of it: one entry for each spatial axis.
struct WindowDims {
  Shape kernel, strides;
  Shape gaps;  // between the elements of a dilated kernel: 0 is a dense one
  Shape pads_begin,
      pads_end;  // pads_end is what the output's size needs, which may be less than declared, even negative
};

WindowDims slidingDims(const reference::Window& window);
/// For a window from `transposedWindow`.
WindowDims transposedDims(const reference::Window& window);

/// True when padding lies under some window.
bool isPadded(const WindowDims& dims);

}  // namespace quant::onednn
