// DeformConv: a convolution whose kernel reads each of its inputs at a place of its own, between four pixels.
#include <array>
#include <cmath>

#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"
#include "runtime/reference/window.h"

namespace quant::reference {

namespace {

constexpr int64_t kImageRank = 4;

struct Image {
  const double* pixels;
  int64_t height, width;

  [[nodiscard]] double at(int64_t y, int64_t x) const {
    return y < 0 || y >= height || x < 0 || x >= width ? 0 : pixels[y * width + x];
  }
  /// Bilinear; zero outside.
  [[nodiscard]] double at(double y, double x) const {
    const double top = std::floor(y), left = std::floor(x), below = y - top, right = x - left;
    const auto row = static_cast<int64_t>(top), column = static_cast<int64_t>(left);
    return (1 - below) * ((1 - right) * at(row, column) + right * at(row, column + 1)) +
           below * ((1 - right) * at(row + 1, column) + right * at(row + 1, column + 1));
  }
};

/// Everything as double, in the order that ONNX gives the tensors.
class DeformableConvolution {
 public:
  DeformableConvolution(const Node& node, KernelContext& context)
      : src_(context.input(0).shape()),
        weights_(context.input(1).shape()),
        window_(windowOf(node)),
        groups_(node.attr("group", int64_t{1})),
        offset_groups_(node.attr("offset_group", int64_t{1})),
        pixels_(elementsAs<double>(context.input(0))),
        taps_(elementsAs<double>(context.input(1))),
        offsets_(elementsAs<double>(context.input(2))) {
    if (context.has(3)) bias_ = elementsAs<double>(context.input(3));
    if (context.has(4)) mask_ = elementsAs<double>(context.input(4));
    const int64_t positions = src_[0] * offset_groups_ * window_.kernelSize() * window_.outSize();
    requireElements("offsets", offsets_.size(), 2 * positions);
    if (!mask_.empty()) requireElements("mask", mask_.size(), positions);
    if (!bias_.empty()) requireElements("bias", bias_.size(), weights_[0]);
  }

  [[nodiscard]] Shape resultShape() const { return window_.outShape(src_[0], weights_[0]); }

  [[nodiscard]] double result(int64_t batch, int64_t channel, int64_t out) const {
    const int64_t per_group = weights_[1], group = channel / (weights_[0] / groups_);
    double sum = bias_.empty() ? 0 : bias_[static_cast<size_t>(channel)];
    for (int64_t i = 0; i < per_group; ++i) {
      const int64_t in = group * per_group + i;
      const double* const taps = taps_.data() + (channel * per_group + i) * window_.kernelSize();
      for (int64_t tap = 0; tap < window_.kernelSize(); ++tap) sum += taps[tap] * sample(batch, in, tap, out);
    }
    return sum;
  }

 private:
  [[nodiscard]] Window windowOf(const Node& node) const {
    if (src_.size() != kImageRank || weights_.size() != kImageRank) {
      throwUnsupported("DeformConv of shape {} by {}: only images are supported", toString(src_), toString(weights_));
    }
    const int64_t groups = node.attr("group", int64_t{1}), offset_groups = node.attr("offset_group", int64_t{1});
    if (groups < 1 || offset_groups < 1 || src_[1] != weights_[1] * groups || weights_[0] % groups != 0 ||
        src_[1] % offset_groups != 0) {
      throwBadInput("DeformConv of shape {} by {} in {} groups and {} offset groups", toString(src_),
                    toString(weights_), groups, offset_groups);
    }
    return slidingWindow(node, src_, kernelShape(node, weights_));
  }

  static void requireElements(const char* what, size_t found, int64_t expected) {
    if (static_cast<int64_t>(found) == expected) return;
    throwBadInput("DeformConv's {} have {} elements, expected {}", what, found, expected);
  }

  [[nodiscard]] double sample(int64_t batch, int64_t channel, int64_t tap, int64_t out) const {
    const WindowAxis &rows = window_.height(), &columns = window_.width();
    const int64_t group = channel / (src_[1] / offset_groups_);
    const int64_t place = ((batch * offset_groups_ + group) * window_.kernelSize() + tap);
    const auto offset = [&](int64_t axis) {
      return offsets_[static_cast<size_t>((place * 2 + axis) * window_.outSize() + out)];
    };
    const auto base = [](const WindowAxis& axis, int64_t position, int64_t element) {
      return static_cast<double>(axis.start(position) + element * axis.dilation);
    };
    const double y = base(rows, out / columns.out, tap / columns.kernel) + offset(0);
    const double x = base(columns, out % columns.out, tap % columns.kernel) + offset(1);
    const Image image{pixels_.data() + (batch * src_[1] + channel) * rows.in * columns.in, rows.in, columns.in};
    const double value = image.at(y, x);
    return mask_.empty() ? value : value * mask_[static_cast<size_t>(place * window_.outSize() + out)];
  }

  Shape src_, weights_;
  Window window_;
  int64_t groups_, offset_groups_;
  std::vector<double> pixels_, taps_, offsets_, bias_, mask_;
};

void deformConv(const Node& node, KernelContext& context) {
  requireOneType("DeformConv", context);
  const DeformableConvolution convolution(node, context);
  const DataType type = context.inputAsIs(0).type();
  Tensor& dst = context.output(0, type, convolution.resultShape());
  const int64_t channels = dst.shape()[1], planes = dst.shape()[0] * channels;
  const int64_t size = planes == 0 ? 0 : dst.elementCount() / planes;
  withElementType(type, kFloatTypes, "DeformConv", [&](auto example) {
    using T = decltype(example);
    T* const to = dst.data<T>().data();
#pragma omp parallel for schedule(static)
    for (int64_t plane = 0; plane < planes; ++plane) {
      for (int64_t i = 0; i < size; ++i) {
        to[plane * size + i] = elementCast<T>(convolution.result(plane / channels, plane % channels, i));
      }
    }
  });
}

}  // namespace

void registerDeformableConvolution(KernelRegistry& registry) { registry.addFunction("DeformConv", 19, deformConv); }

}  // namespace quant::reference
