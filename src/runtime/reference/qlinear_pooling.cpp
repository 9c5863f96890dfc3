// com.microsoft's QLinearGlobalAveragePool and QLinearAveragePool: the mean of 8-bit integers, summed exactly.
#include <algorithm>
#include <vector>

#include "runtime/element_type.h"
#include "runtime/reference/pooling.h"
#include "runtime/reference/quant_input.h"
#include "runtime/reference/register.h"
#include "runtime/reference/requantize.h"

namespace quant::reference {

namespace {

constexpr TypeList<uint8_t, int8_t> kQuantizedTypes;
constexpr const char* kMicrosoft = "com.microsoft";

/// Inputs x, x_scale, x_zero_point, y_scale, y_zero_point; how a sum of x becomes a y.
struct MeanRule {
  float x_scale, y_scale;
  int32_t x_zero_point, y_zero_point;

  explicit MeanRule(KernelContext& context)
      : x_scale(scalarScale(context, 1)),
        y_scale(scalarScale(context, 3)),
        x_zero_point(scalarZeroPoint(context, 2)),
        y_zero_point(scalarZeroPoint(context, 4)) {}

  /// `sum` of `count` values of x, zero points not taken away yet, and of padding (real zeros) up to `divisor`.
  template <class Q>
  [[nodiscard]] Q mean(int64_t sum, int64_t count, int64_t divisor) const {
    const auto total = static_cast<double>(sum - count * x_zero_point);
    const auto real = static_cast<float>(total * x_scale / static_cast<double>(divisor));
    return Quantizer<Q>(static_cast<Q>(y_zero_point))(real / y_scale);
  }
};

/// Σ over the pixels of one image for every channel; pixels are `pixel_step` apart, channels `channel_step`.
template <class Q>
std::vector<int64_t> channelSums(const Q* image, int64_t pixels, int64_t pixel_step, int64_t channels,
                                 int64_t channel_step) {
  std::vector<int64_t> sums(static_cast<size_t>(channels), 0);
  for (int64_t p = 0; p < pixels; ++p) {
    for (int64_t c = 0; c < channels; ++c) sums[static_cast<size_t>(c)] += image[p * pixel_step + c * channel_step];
  }
  return sums;
}

void globalAveragePool(const Node& node, KernelContext& context) {
  const Tensor& src = context.inputAsIs(0);
  const Shape& shape = src.shape();
  const bool shape_has_channels_last = node.attr("channels_last", int64_t{0}) != 0;
  if (shape.size() < 3 || src.elementCount() == 0) {
    throwBadInput("QLinearGlobalAveragePool of a tensor of shape {}", toString(shape));
  }
  const int64_t batch = shape.front(), channels = shape_has_channels_last ? shape.back() : shape[1];
  const int64_t pixels = src.elementCount() / batch / channels;
  // In memory, channels come last where either the shape or the layout says so.
  const bool channels_last = shape_has_channels_last || src.layout() == Layout::kChannelsLast;
  const Tensor& plain_or_last = shape_has_channels_last ? context.input(0) : src;
  Shape dst_shape(shape.size(), 1);
  dst_shape[0] = batch;
  dst_shape[shape_has_channels_last ? shape.size() - 1 : 1] = channels;
  Tensor& dst = context.output(0, src.type(), dst_shape);
  const MeanRule rule(context);
  withElementType(src.type(), kQuantizedTypes, "QLinearGlobalAveragePool", [&](auto example) {
    using Q = decltype(example);
    const Q* const from = plain_or_last.data<Q>().data();
    Q* to = dst.data<Q>().data();
    for (int64_t n = 0; n < batch; ++n) {
      const auto sums = channelSums(from + n * pixels * channels, pixels, channels_last ? channels : 1, channels,
                                    channels_last ? 1 : pixels);
      for (const int64_t sum : sums) *to++ = rule.mean<Q>(sum, pixels, pixels);
    }
  });
}

void averagePool(const Node& node, KernelContext& context) {
  if (node.attr("channels_last", int64_t{0}) != 0) {
    throwUnsupported("QLinearAveragePool is not run with channels_last = 1");
  }
  const Tensor& src = context.input(0);
  const Window window = slidingWindow(node, src.shape(), kernelShape(node, {}));
  const bool count_padding = node.attr("count_include_pad", int64_t{0}) != 0;
  Tensor& dst = context.output(0, src.type(), window.outShape(src.shape()[0], src.shape()[1]));
  const MeanRule rule(context);
  withElementType(src.type(), kQuantizedTypes, "QLinearAveragePool", [&](auto example) {
    using Q = decltype(example);
    const Q* const from = src.data<Q>().data();
    Q* const to = dst.data<Q>().data();
    forEachWindow(src.shape()[0] * src.shape()[1], window, [&](int64_t plane, int64_t at, const Taps& taps) {
      int64_t sum = 0;
      taps.forEach([&](int64_t i) { sum += from[plane * window.inSize() + i]; });
      to[plane * window.outSize() + at] =
          rule.mean<Q>(sum, taps.count(), count_padding ? taps.paddedCount() : taps.count());
    });
  });
}

}  // namespace

void registerQLinearPooling(KernelRegistry& registry) {
  registry.addFunction(kMicrosoft, "QLinearGlobalAveragePool", 1, globalAveragePool);
  registry.addFunction(kMicrosoft, "QLinearAveragePool", 1, averagePool);
}

}  // namespace quant::reference
