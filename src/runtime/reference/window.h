#pragma once

#include <array>
#include <cstdint>

#include "core/shape.h"
#include "graph/node.h"

namespace quant::reference {

/// A kernel that slides along one spatial axis of its input.
struct WindowAxis {
  int64_t in = 1, out = 1;
  int64_t kernel = 1, stride = 1, dilation = 1;
  int64_t pad_begin = 0, pad_end = 0;

  /// The input position under the kernel's first element at output position `o`; may be in the padding.
  [[nodiscard]] int64_t start(int64_t o) const { return o * stride - pad_begin; }
  /// The kernel elements [first, last) that lie over the input, not over padding, at output position `o`.
  [[nodiscard]] int64_t first(int64_t o) const;
  [[nodiscard]] int64_t last(int64_t o) const;
  /// How many kernel elements lie before input position `end` at output position `o`.
  [[nodiscard]] int64_t countBefore(int64_t o, int64_t end) const;
  /// Elements of the padded input that the dilated kernel covers.
  [[nodiscard]] int64_t extent() const { return (kernel - 1) * dilation + 1; }
};

/// A sliding window over one, two or three spatial axes. There are always three, so that loops need one form: those
/// that the tensor lacks come first and have size 1.
struct Window {
  std::array<WindowAxis, 3> axes;
  int64_t rank = 0;  ///< spatial axes of the tensor

  [[nodiscard]] const WindowAxis& depth() const { return axes[0]; }
  [[nodiscard]] const WindowAxis& height() const { return axes[1]; }
  [[nodiscard]] const WindowAxis& width() const { return axes[2]; }
  [[nodiscard]] int64_t inSize() const { return axes[0].in * axes[1].in * axes[2].in; }
  [[nodiscard]] int64_t outSize() const { return axes[0].out * axes[1].out * axes[2].out; }
  [[nodiscard]] int64_t kernelSize() const { return axes[0].kernel * axes[1].kernel * axes[2].kernel; }
  /// [batch, channels, out...].
  [[nodiscard]] Shape outShape(int64_t batch, int64_t channels) const;
  /// A kernel of one element, without strides and padding: the output has the input's positions.
  [[nodiscard]] bool isPointwise() const;
};

/// The window of a convolution or pooling node, from its attributes strides, dilations, pads, auto_pad and (pooling)
/// ceil_mode. `src` is [N, C, spatial...] with up to three spatial axes; `kernel` the sizes along them. Throws (bad
/// input) where they do not fit together, (unsupported) for more axes.
Window slidingWindow(const Node& node, const Shape& src, const Shape& kernel);

/// The same for ConvTranspose, where `in` and `out` change roles: position i of the input adds to the output positions
/// start(i) + k * dilation. Reads output_padding and output_shape, too.
Window transposedWindow(const Node& node, const Shape& src, const Shape& kernel);

/// The attribute kernel_shape, or the sizes of `weights` after the first two where it is absent.
Shape kernelShape(const Node& node, const Shape& weights);

}  // namespace quant::reference
