#include "runtime/reference/window.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "core/error.h"

namespace quant::reference {

namespace {

using Sizes = std::vector<int64_t>;

/// No size of a window is larger, so that products of two of them do not overflow.
constexpr int64_t kLargest = std::numeric_limits<int32_t>::max();

/// An attribute with `count` values, each at least `least`.
Sizes sizesOf(const Node& node, const char* attribute, size_t count, int64_t fallback, int64_t least) {
  Sizes values = node.attr(attribute, Sizes(count, fallback));
  if (values.size() != count) {
    throwBadInput("attribute '{}' of {} has {} values; the tensor's shape asks for {}", attribute, node.opType(),
                  values.size(), count);
  }
  for (const int64_t value : values) {
    if (value < least || value > kLargest)
      throwBadInput("attribute '{}' of {} holds {}", attribute, node.opType(), value);
  }
  return values;
}

bool isNoSize(int64_t size) { return size < 1 || size > kLargest; }

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

void splitPadding(WindowAxis& axis, int64_t total, bool more_at_end) {
  total = std::max<int64_t>(total, 0);
  axis.pad_begin = more_at_end ? total / 2 : total - total / 2;
  axis.pad_end = total - axis.pad_begin;
}

/// Everything but the padding and the output sizes.
Window plainWindow(const Node& node, const Shape& src, const Shape& kernel) {
  if (src.size() < 3 || src.size() > 5) {
    throwUnsupported("{} of a tensor of shape {}: only 1 to 3 spatial axes can be run", node.opType(), toString(src));
  }
  const size_t rank = src.size() - 2;
  if (kernel.size() != rank || std::any_of(kernel.begin(), kernel.end(), isNoSize)) {
    throwBadInput("a kernel of shape {} does not fit {} of a tensor of shape {}", toString(kernel), node.opType(),
                  toString(src));
  }
  const Sizes strides = sizesOf(node, "strides", rank, 1, 1), dilations = sizesOf(node, "dilations", rank, 1, 1);
  Window window;
  window.rank = static_cast<int64_t>(rank);
  for (size_t i = 0; i < rank; ++i) {
    WindowAxis& axis = window.axes[3 - rank + i];
    axis.in = src[2 + i];
    axis.kernel = kernel[i];
    axis.stride = strides[i];
    axis.dilation = dilations[i];
  }
  return window;
}

void applyPads(Window& window, const Node& node) {
  const auto rank = static_cast<size_t>(window.rank);
  const Sizes pads = sizesOf(node, "pads", 2 * rank, 0, 0);
  for (size_t i = 0; i < rank; ++i) {
    WindowAxis& axis = window.axes[3 - rank + i];
    axis.pad_begin = pads[i];
    axis.pad_end = pads[rank + i];
  }
}

/// With `ceil` a last, incomplete window counts, too, if it starts inside the input or the padding before it.
int64_t outSize(const WindowAxis& axis, bool ceil) {
  const int64_t room = axis.in + axis.pad_begin + axis.pad_end - axis.extent();
  if (room < 0 && !(ceil && room > -axis.stride)) return 0;
  int64_t out = (ceil ? ceilDiv(std::max<int64_t>(room, 0), axis.stride) : room / axis.stride) + 1;
  if (ceil && (out - 1) * axis.stride >= axis.in + axis.pad_begin) --out;
  return out;
}

std::string autoPad(const Node& node) {
  std::string mode = node.attr("auto_pad", "NOTSET");
  for (const char* known : {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"}) {
    if (mode == known) return mode;
  }
  throwBadInput("attribute 'auto_pad' of {} is '{}'", node.opType(), mode);
}

}  // namespace

int64_t WindowAxis::first(int64_t o) const {
  const int64_t at = start(o);
  return at < 0 ? std::min(kernel, ceilDiv(-at, dilation)) : 0;
}

int64_t WindowAxis::last(int64_t o) const { return countBefore(o, in); }

int64_t WindowAxis::countBefore(int64_t o, int64_t end) const {
  const int64_t room = end - start(o);
  if (room >= extent()) return kernel;
  return room <= 0 ? 0 : ceilDiv(room, dilation);
}

Shape Window::outShape(int64_t batch, int64_t channels) const {
  Shape shape{batch, channels};
  for (size_t i = static_cast<size_t>(3 - rank); i < 3; ++i) shape.push_back(axes[i].out);
  return shape;
}

bool Window::isPointwise() const {
  return std::all_of(axes.begin(), axes.end(), [](const WindowAxis& axis) {
    return axis.kernel == 1 && axis.stride == 1 && axis.pad_begin == 0 && axis.pad_end == 0;
  });
}

Window slidingWindow(const Node& node, const Shape& src, const Shape& kernel) {
  Window window = plainWindow(node, src, kernel);
  const std::string mode = autoPad(node);
  if (mode == "NOTSET") applyPads(window, node);
  const bool ceil = mode == "NOTSET" && node.attr("ceil_mode", int64_t{0}) != 0;
  for (WindowAxis& axis : window.axes) {
    if (mode.starts_with("SAME")) {
      axis.out = ceilDiv(axis.in, axis.stride);
      splitPadding(axis, (axis.out - 1) * axis.stride + axis.extent() - axis.in, mode == "SAME_UPPER");
    } else {
      axis.out = outSize(axis, ceil);
    }
    if (axis.out < 1) {
      throwBadInput("the kernel of {}, {} elements with its dilation, does not fit into {} elements and their padding",
                    node.opType(), axis.extent(), axis.in);
    }
  }
  return window;
}

Window transposedWindow(const Node& node, const Shape& src, const Shape& kernel) {
  Window window = plainWindow(node, src, kernel);
  const auto rank = static_cast<size_t>(window.rank);
  const Sizes extra = sizesOf(node, "output_padding", rank, 0, 0);
  Sizes wanted = node.attr("output_shape", Sizes{});
  if (wanted.size() == rank + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);  // [N, C, spatial...]
  if (!wanted.empty() && (wanted.size() != rank || std::any_of(wanted.begin(), wanted.end(), isNoSize))) {
    throwBadInput("attribute 'output_shape' of ConvTranspose is {} for {} axes", toString(wanted), rank);
  }
  const std::string mode = autoPad(node);
  if (mode == "NOTSET") applyPads(window, node);
  for (size_t i = 0; i < rank; ++i) {
    WindowAxis& axis = window.axes[3 - rank + i];
    const int64_t full = axis.stride * (axis.in - 1) + extra[i] + axis.extent();
    if (!wanted.empty()) {
      splitPadding(axis, full - wanted[i], mode == "SAME_UPPER");
      axis.out = wanted[i];
    } else {
      if (mode.starts_with("SAME")) splitPadding(axis, full - axis.in * axis.stride, mode == "SAME_UPPER");
      axis.out = full - axis.pad_begin - axis.pad_end;
    }
    if (axis.out < 1) throwBadInput("the output of ConvTranspose has {} elements along spatial axis {}", axis.out, i);
  }
  return window;
}

Shape kernelShape(const Node& node, const Shape& weights) {
  const Shape from_weights(weights.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(2, weights.size())),
                           weights.end());
  Shape kernel = node.attr("kernel_shape", from_weights);
  if (!weights.empty() && kernel != from_weights) {
    throwBadInput("attribute 'kernel_shape' of {} is {}, but the weights' shape is {}", node.opType(), toString(kernel),
                  toString(weights));
  }
  return kernel;
}

}  // namespace quant::reference
