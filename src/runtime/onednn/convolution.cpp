// Conv and FusedConv in float: channels-last, direct convolution, residual and activation as post-operations.
#include "runtime/lowering/lowering.h"
#include "runtime/onednn/activation.h"
#include "runtime/onednn/convolution_shape.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

class Convolution final : public FallbackKernel {
 public:
  Convolution(const Node& node, int64_t opset, KernelRegistry::Factory other)
      : FallbackKernel(node, opset, std::move(other)), activation_(fusedActivation(node)) {}

 private:
  static constexpr size_t kSrc = 0, kWeights = 1, kBias = 2, kResidual = 3;

  struct Prepared {
    Shape dst_shape;
    memory::desc plain_weights, weights;
    Primitive primitive;
    bool has_weights = false;  // constant ones, which stay
  };

  bool tryRun(KernelContext& context) override {
    if (!areFloat(context) || !isConvolution(context.inputAsIs(kSrc), context.inputAsIs(kWeights))) return false;
    const Tensor& src = context.inputAs(kSrc, Layout::kChannelsLast);
    const Tensor& weights = context.input(kWeights);
    const Tensor* bias = context.optionalInput(kBias);
    const Tensor* residual = context.has(kResidual) ? &context.inputAs(kResidual, Layout::kChannelsLast) : nullptr;
    Prepared& prepared =
        cache_.get(keyOf({&src, &weights, bias, residual}), [&] { return prepare(src, weights, bias, residual); });
    if (!prepared.has_weights) {
      prepared.has_weights = context.isConstant(kWeights);
      prepared.primitive.keep(DNNL_ARG_WEIGHTS, packed_.get(weights, prepared.has_weights, prepared.plain_weights,
                                                            prepared.weights, device()));
    }
    Tensor& dst = context.output(0, DataType::kFloat32, prepared.dst_shape, Layout::kChannelsLast);
    execute(prepared.primitive, src, bias, residual, dst);
    return true;
  }

  static bool areFloat(const KernelContext& context) {
    for (size_t i = 0; i < context.inputCount(); ++i) {
      if (context.has(i) && context.inputAsIs(i).type() != DataType::kFloat32) return false;
    }
    return true;
  }

  Prepared prepare(const Tensor& src, const Tensor& weights, const Tensor* bias, const Tensor* residual) {
    const ConvolutionShape shape = convolutionShape(node(), src.shape(), weights.shape());
    requireBiasShape(bias, shape.dst);
    if (residual != nullptr) requireResidualShape(residual->shape(), shape.dst);
    const memory::desc dst = describe(DataType::kFloat32, shape.dst, Layout::kChannelsLast);
    const memory::desc bias_desc = bias == nullptr ? memory::desc() : describe(*bias);
    dnnl::primitive_attr attributes = plainAttributes();
    attributes.set_post_ops(postOps(residual != nullptr, dst));
    const WindowDims& window = shape.window;
    const dnnl::convolution_forward::primitive_desc descriptor(
        device().engine, dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, describe(src),
        describeAny(DataType::kFloat32, shape.weights), bias_desc, dst, window.strides, window.gaps, window.pads_begin,
        window.pads_end, attributes);

    Primitive primitive(device(), descriptor);
    primitive.declare(DNNL_ARG_SRC, descriptor.src_desc(), device());
    primitive.declare(DNNL_ARG_DST, dst, device());
    if (bias != nullptr) primitive.declare(DNNL_ARG_BIAS, bias_desc, device());
    if (residual != nullptr) primitive.declare(kResidualArgument, dst, device());
    return {shape.dst, describe(DataType::kFloat32, shape.weights), descriptor.weights_desc(), std::move(primitive),
            false};
  }

  [[nodiscard]] dnnl::post_ops postOps(bool has_residual, const memory::desc& dst) const {
    dnnl::post_ops ops;
    if (has_residual) ops.append_binary(dnnl::algorithm::binary_add, dst);
    activation_.appendTo(ops);
    return ops;
  }

  void execute(Primitive& primitive, const Tensor& src, const Tensor* bias, const Tensor* residual, const Tensor& dst) {
    primitive.set(DNNL_ARG_SRC, src.bytes());
    primitive.set(DNNL_ARG_DST, dst.bytes());
    if (bias != nullptr) primitive.set(DNNL_ARG_BIAS, bias->bytes());
    if (residual != nullptr) primitive.set(kResidualArgument, residual->bytes());
    primitive.run(device());
  }

  static constexpr int kResidualArgument = DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1;

  Activation activation_;
  PackedWeights packed_;
  ShapeCache<Prepared> cache_;
};

}  // namespace

void registerConvolution(KernelRegistry& registry) {
  putBefore<Convolution>(registry, "", "Conv");
  putBefore<Convolution>(registry, kFusedDomain, "FusedConv");
}

}  // namespace quant::onednn
