// QLinearConv, FusedQLinearConv and ConvInteger with constant weights.
#include "core/error.h"
#include "runtime/lowering/lowering.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/register.h"
#include "runtime/reference/quant_input.h"

namespace quant::onednn {

namespace {

using reference::scalarScale;
using reference::scalarZeroPoint;
using reference::scalesFor;
using reference::zeroPointsFor;

/// What both kernels share: a layer made of the constants at the first run, and a form that computes it.
class Int8ConvolutionKernel : public FallbackKernel {
 public:
  Int8ConvolutionKernel(const Node& node, int64_t opset, KernelRegistry::Factory other, PairSums pair_sums)
      : FallbackKernel(node, opset, std::move(other)), pair_sums_(pair_sums) {}

 protected:
  /// The layer, or nothing when oneDNN lacks it.
  virtual std::optional<Int8Layer> makeLayer(KernelContext& context) = 0;

  /// False when there is no layer for these inputs.
  bool hasLayer(KernelContext& context, const Tensor& src) {
    if (!decided_) {
      layer_ = makeLayer(context);
      if (layer_) form_ = chooseInt8Form(*layer_, pair_sums_);
      decided_ = true;
    }
    return layer_ && src.type() == layer_->src_type;
  }

  void compute(KernelContext& context, const Tensor& src, int32_t src_zero_point, const Tensor* residual) {
    const ConvolutionShape& shape =
        shapes_.get(keyOf({&src}), [&] { return convolutionShape(node(), src.shape(), layer_->weights.shape()); });
    if (residual != nullptr) requireResidualShape(residual->shape(), shape.dst);
    Tensor& dst = context.output(0, layer_->dst_type, shape.dst, Layout::kChannelsLast);
    form_->run(shape, {src, src_zero_point, residual, dst});
  }

 private:
  PairSums pair_sums_;
  bool decided_ = false;
  std::optional<Int8Layer> layer_;
  std::unique_ptr<Int8Form> form_;
  ShapeCache<ConvolutionShape> shapes_;
};

class QLinearConvolution final : public Int8ConvolutionKernel {
 public:
  QLinearConvolution(const Node& node, int64_t opset, KernelRegistry::Factory other, PairSums pair_sums)
      : Int8ConvolutionKernel(node, opset, std::move(other), pair_sums), activation_(fusedActivation(node)) {}

 private:
  static constexpr size_t kSrc = 0, kSrcScale = 1, kSrcZeroPoint = 2, kWeights = 3, kWeightsScale = 4,
                          kWeightsZeroPoint = 5, kDstScale = 6, kDstZeroPoint = 7, kBias = 8, kResidual = 9,
                          kResidualScale = 10, kResidualZeroPoint = 11;

  bool tryRun(KernelContext& context) override {
    if (!isConvolution(context.inputAsIs(kSrc), context.inputAsIs(kWeights))) return false;
    const Tensor& src = context.inputAs(kSrc, Layout::kChannelsLast);
    if (!hasLayer(context, src)) return false;
    const Tensor* residual = context.has(kResidual) ? &context.inputAs(kResidual, Layout::kChannelsLast) : nullptr;
    compute(context, src, src_zero_point_, residual);
    return true;
  }

  static bool areConstant(const KernelContext& context) {
    for (size_t i = kSrcScale; i < context.inputCount(); ++i) {
      if (i != kResidual && context.has(i) && !context.isConstant(i)) return false;
    }
    return true;
  }

  static Int8Scale scaleOf(KernelContext& context, size_t scale, size_t zero_point) {
    return {context.input(zero_point).type(), scalarScale(context, scale), scalarZeroPoint(context, zero_point)};
  }

  static std::vector<int32_t> perChannelBias(const Tensor& bias, int64_t channels) {
    if (bias.elementCount() != channels) {
      throwBadInput("a bias of shape {} for {} output channels", toString(bias.shape()), channels);
    }
    const auto values = bias.data<int32_t>();
    return {values.begin(), values.end()};
  }

  std::optional<Int8Layer> makeLayer(KernelContext& context) override {
    if (!areConstant(context) || !isInt8(context.inputAsIs(kSrc))) return {};
    const int64_t channels = context.input(kWeights).shape()[0];
    auto weights = symmetricWeights(context.input(kWeights), zeroPointsFor(context, kWeightsZeroPoint, channels));
    if (!weights) return {};

    Int8Layer layer;
    layer.weights = std::move(*weights);
    layer.groups = node().attr("group", int64_t{1});
    const Int8Scale src = scaleOf(context, kSrcScale, kSrcZeroPoint);
    layer.src_type = src.type;
    src_zero_point_ = src.zero_point;
    if (const Tensor* bias = context.optionalInput(kBias)) layer.bias = perChannelBias(*bias, channels);
    if (context.has(kResidual)) layer.residual = scaleOf(context, kResidualScale, kResidualZeroPoint);
    layer.activation = activation_;

    const Int8Scale dst = scaleOf(context, kDstScale, kDstZeroPoint);
    layer.dst_type = dst.type;
    layer.dst_zero_point = dst.zero_point;
    const bool stays_integer = !layer.residual && !activation_;
    layer.divisor = stays_integer ? 1 : dst.scale;
    for (const float scale : scalesFor(context, kWeightsScale, channels)) {
      const float unit = src.scale * scale;  // what one in the sum is worth
      layer.multipliers.push_back(stays_integer ? unit / dst.scale : unit);
    }
    return layer;
  }

  Activation activation_;
  int32_t src_zero_point_ = 0;
};

class IntegerConvolution final : public Int8ConvolutionKernel {
 public:
  using Int8ConvolutionKernel::Int8ConvolutionKernel;

 private:
  static constexpr size_t kSrc = 0, kWeights = 1, kSrcZeroPoint = 2, kWeightsZeroPoint = 3;

  bool tryRun(KernelContext& context) override {
    if (!isConvolution(context.inputAsIs(kSrc), context.inputAsIs(kWeights))) return false;
    const Tensor& src = context.inputAs(kSrc, Layout::kChannelsLast);
    if (!hasLayer(context, src)) return false;
    // The source's zero point comes from a DynamicQuantizeLinear: another one at each run.
    compute(context, src, scalarZeroPoint(context, kSrcZeroPoint), nullptr);
    return true;
  }

  std::optional<Int8Layer> makeLayer(KernelContext& context) override {
    const bool is_constant =
        context.isConstant(kWeights) && (!context.has(kWeightsZeroPoint) || context.isConstant(kWeightsZeroPoint));
    if (!is_constant || !isInt8(context.inputAsIs(kSrc))) return {};
    const int64_t channels = context.input(kWeights).shape()[0];
    auto weights = symmetricWeights(context.input(kWeights), zeroPointsFor(context, kWeightsZeroPoint, channels));
    if (!weights) return {};
    Int8Layer layer;
    layer.weights = std::move(*weights);
    layer.groups = node().attr("group", int64_t{1});
    layer.src_type = context.inputAsIs(kSrc).type();
    layer.dst_type = DataType::kInt32;
    return layer;
  }
};

}  // namespace

void registerInt8Convolution(KernelRegistry& registry, PairSums pair_sums) {
  putBefore<QLinearConvolution>(registry, "", "QLinearConv", pair_sums);
  putBefore<QLinearConvolution>(registry, kFusedDomain, "FusedQLinearConv", pair_sums);
  putBefore<IntegerConvolution>(registry, "", "ConvInteger", pair_sums);
}

}  // namespace quant::onednn
