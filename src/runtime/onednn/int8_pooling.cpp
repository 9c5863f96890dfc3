// QLinearGlobalAveragePool and QLinearAveragePool of com.microsoft on channels-last tensors.
#include <algorithm>
#include <array>

#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/int8_tensor.h"
#include "runtime/onednn/register.h"
#include "runtime/reference/pooling.h"
#include "runtime/reference/requantize.h"

namespace quant::onednn {

namespace {

/// Channels that are summed together: their sums stay in the first-level cache.
constexpr int64_t kBlock = 256;

/// How sums become means; in the reference's arithmetic, step for step.
struct MeanRule {
  ByteScale src, dst;

  void write(const int32_t* sums, int64_t channels, int64_t count, int64_t divisor, uint8_t* to) const {
    std::array<float, kBlock> reals;
    for (int64_t c = 0; c < channels; ++c) {
      const auto total = static_cast<double>(sums[c] - count * src.zero_point);
      reals[static_cast<size_t>(c)] = static_cast<float>(total * src.scale / static_cast<double>(divisor));
    }
    quantizeRun(reals.data(), to, channels, dst);
  }
};

/// Inputs x, x_scale, x_zero_point, y_scale, y_zero_point.
class QLinearPool final : public FallbackKernel {
 public:
  QLinearPool(const Node& node, int64_t opset, KernelRegistry::Factory other, bool is_global)
      : FallbackKernel(node, opset, std::move(other)), is_global_(is_global) {}

 private:
  bool tryRun(KernelContext& context) override {
    const Tensor& src = context.inputAsIs(0);
    const bool turned = node().attr("channels_last", int64_t{0}) != 0;  // an operator on [N, ..., C] shapes
    if (!isInt8(src) || src.layout() != Layout::kChannelsLast || turned) return false;
    const reference::Window window = windowOver(src.shape());
    const MeanRule rule{byteScale(context, 1, src.type()), byteScale(context, 3, src.type())};
    Tensor& dst = context.output(0, src.type(), window.outShape(src.shape()[0], src.shape()[1]), Layout::kChannelsLast);
    const int64_t blocks = (src.shape()[1] + kBlock - 1) / kBlock;
    reference::forEachWindow(src.shape()[0] * blocks, window, [&](int64_t plane, int64_t at, const auto& taps) {
      poolOne(src, window, rule, {plane / blocks, plane % blocks * kBlock}, at, taps, dst);
    });
    return true;
  }

  [[nodiscard]] reference::Window windowOver(const Shape& shape) const {
    if (!is_global_) return reference::slidingWindow(node(), shape, reference::kernelShape(node(), {}));
    const Node plain(makeNode("AveragePool", {}, {}));
    return reference::slidingWindow(plain, shape, Shape(shape.begin() + 2, shape.end()));
  }

  /// A sample and a block of its channels.
  struct Place {
    int64_t sample, channel;
  };

  void poolOne(const Tensor& src, const reference::Window& window, const MeanRule& rule, Place place, int64_t at,
               const reference::Taps& taps, Tensor& dst) const {
    const int64_t all = src.shape()[1], channels = std::min(kBlock, all - place.channel);
    const uint8_t* const from = bytesOf(src) + place.sample * window.inSize() * all + place.channel;
    uint8_t* const to = bytesOf(dst) + (place.sample * window.outSize() + at) * all + place.channel;
    std::array<int32_t, kBlock> sums{};
    taps.forEach([&](int64_t pixel) { accumulateRun(from + pixel * all, sums.data(), channels, rule.src.flip); });
    rule.write(sums.data(), channels, taps.count(), countsPadding() ? taps.paddedCount() : taps.count(), to);
  }

  [[nodiscard]] bool countsPadding() const { return !is_global_ && node().attr("count_include_pad", int64_t{0}) != 0; }

  bool is_global_;
};

}  // namespace

void registerInt8Pooling(KernelRegistry& registry) {
  putBefore<QLinearPool>(registry, "com.microsoft", "QLinearGlobalAveragePool", true);
  putBefore<QLinearPool>(registry, "com.microsoft", "QLinearAveragePool", false);
}

}  // namespace quant::onednn
