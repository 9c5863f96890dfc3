// QLinearConv and ConvInteger.
//
// QLinearConv's result is saturate(round half to even(float(sum + bias) * m) + zero_point) with the float
// m = x_scale * w_scale / y_scale of each output channel, evaluated from left to right: the arithmetic of onnxruntime,
// so that the two agree to the bit wherever its sums are exact.
#include <optional>

#include "runtime/reference/input_types.h"
#include "runtime/reference/integer_convolution.h"
#include "runtime/reference/quant_input.h"
#include "runtime/reference/register.h"
#include "runtime/reference/requantize.h"

namespace quant::reference {

namespace {

/// Keeps the packed weights of one node, where they are constants.
class WeightsCache {
 public:
  /// `weights` and `zero_points` are indices of the node's inputs.
  const IntegerConvolution& get(KernelContext& context, size_t weights, size_t zero_points, int64_t groups) {
    const bool constant = context.isConstant(weights) && (context.isConstant(zero_points) || !context.has(zero_points));
    if (!convolution_ || !constant) {
      const Tensor& tensor = context.input(weights);
      convolution_.emplace(tensor, zeroPointsFor(context, zero_points, tensor.shape()[0]), groups);
    }
    return *convolution_;
  }

 private:
  std::optional<IntegerConvolution> convolution_;
};

/// What turns the sums of one output channel into the result.
struct Requantization {
  std::vector<float> multipliers;
  std::vector<int32_t> bias;

  template <class Q>
  void apply(const Quantizer<Q>& quantize, int64_t channel, std::span<const int32_t> sums, Q* dst) const {
    const float* const multiplier = multipliers.data() + channel;
    const int32_t* const addend = bias.data() + channel;
    for (size_t i = 0; i < sums.size(); ++i) {
      const auto sum = static_cast<int32_t>(static_cast<uint32_t>(sums[i]) + static_cast<uint32_t>(addend[i]));
      dst[i] = quantize(static_cast<float>(sum) * multiplier[i]);
    }
  }
};

class QLinearConv final : public Kernel {
 public:
  explicit QLinearConv(const Node& node) : node_(node) {}

  void run(KernelContext& context) override {
    const ConvolutionShapes shapes(node_, context.inputAsIs(kX).shape(), context.input(kW).shape());
    const Tensor& src = context.inputAs(kX, Layout::kChannelsLast);
    const Requantization requantization = requantizationOf(context, shapes);
    const int32_t src_zero_point = scalarZeroPoint(context, kXZeroPoint);
    const IntegerConvolution& convolution = weights_.get(context, kW, kWZeroPoint, shapes.groups);
    const int32_t dst_zero_point = scalarZeroPoint(context, kYZeroPoint);
    const DataType dst_type = context.input(kYZeroPoint).type();
    Tensor& dst = context.output(0, dst_type, shapes.outShape(), Layout::kChannelsLast);
    withElementType(dst_type, TypeList<uint8_t, int8_t>{}, "QLinearConv", [&](auto example) {
      using Q = decltype(example);
      const Quantizer<Q> quantize(static_cast<Q>(dst_zero_point));
      Q* const to = dst.data<Q>().data();
      const int64_t channels = shapes.outChannels();
      convolution.run(src, src_zero_point, shapes, [&](int64_t pixel, int64_t channel, std::span<const int32_t> sums) {
        requantization.apply(quantize, channel, sums, to + pixel * channels + channel);
      });
    });
  }

 private:
  enum Input : size_t { kX, kXScale, kXZeroPoint, kW, kWScale, kWZeroPoint, kYScale, kYZeroPoint, kBias };

  static Requantization requantizationOf(KernelContext& context, const ConvolutionShapes& shapes) {
    const float src_scale = scalarScale(context, kXScale), dst_scale = scalarScale(context, kYScale);
    Requantization result;
    for (const float scale : scalesFor(context, kWScale, shapes.outChannels())) {
      result.multipliers.push_back(src_scale * scale / dst_scale);
    }
    result.bias.resize(result.multipliers.size(), 0);
    requireType("QLinearConv", context, kBias, DataType::kInt32);
    if (const Tensor* bias = context.optionalInput(kBias)) {
      shapes.requirePerChannel(*bias, "bias");
      std::copy_n(bias->data<int32_t>().begin(), result.bias.size(), result.bias.begin());
    }
    return result;
  }

  const Node& node_;
  WeightsCache weights_;
};

class ConvInteger final : public Kernel {
 public:
  explicit ConvInteger(const Node& node) : node_(node) {}

  void run(KernelContext& context) override {
    const ConvolutionShapes shapes(node_, context.inputAsIs(0).shape(), context.input(1).shape());
    const Tensor& src = context.inputAs(0, Layout::kChannelsLast);
    const int32_t zero_point = scalarZeroPoint(context, 2);
    const IntegerConvolution& convolution = weights_.get(context, 1, 3, shapes.groups);
    Tensor& dst = context.output(0, DataType::kInt32, shapes.outShape(), Layout::kChannelsLast);
    int32_t* const to = dst.data<int32_t>().data();
    const int64_t channels = shapes.outChannels();
    convolution.run(src, zero_point, shapes, [&](int64_t pixel, int64_t channel, std::span<const int32_t> sums) {
      std::copy(sums.begin(), sums.end(), to + pixel * channels + channel);
    });
  }

 private:
  const Node& node_;
  WeightsCache weights_;
};

}  // namespace

void registerQLinearConv(KernelRegistry& registry) {
  registry.add("QLinearConv", 10, [](const Node& node, int64_t) { return std::make_unique<QLinearConv>(node); });
  registry.add("ConvInteger", 10, [](const Node& node, int64_t) { return std::make_unique<ConvInteger>(node); });
}

}  // namespace quant::reference
