// ConvTranspose and FusedConvTranspose in float, as oneDNN's deconvolution.
#include "runtime/lowering/lowering.h"
#include "runtime/onednn/activation.h"
#include "runtime/onednn/convolution_shape.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

/// How ONNX's weights [I, O / groups, k...] lie, seen with oneDNN's dimensions.
memory::desc describeWeights(const Shape& dims, bool has_groups) {
  std::vector<int64_t> strides = rowMajorStrides(dims);
  const size_t o = has_groups ? 1 : 0, i = o + 1;
  // Per group the elements lie as [I, O, k...]: O steps over one kernel, I over all O.
  strides[o] = strides[i];
  strides[i] = strides[o] * dims[o];
  return {dims, MemoryType::f32, strides};
}

class TransposedConvolution final : public FallbackKernel {
 public:
  TransposedConvolution(const Node& node, int64_t opset, KernelRegistry::Factory other)
      : FallbackKernel(node, opset, std::move(other)), activation_(fusedActivation(node)) {}

 private:
  static constexpr size_t kSrc = 0, kWeights = 1, kBias = 2;

  struct Prepared {
    Shape dst_shape;
    memory::desc plain_weights, weights;
    Primitive primitive;
  };

  bool tryRun(KernelContext& context) override {
    if (context.inputAsIs(kSrc).type() != DataType::kFloat32) return false;
    if (!isConvolution(context.inputAsIs(kSrc), context.inputAsIs(kWeights))) return false;
    const Tensor& src = context.inputAs(kSrc, Layout::kChannelsLast);
    const Tensor& weights = context.input(kWeights);
    const Tensor* bias = context.optionalInput(kBias);
    Prepared& prepared = cache_.get(keyOf({&src, &weights, bias}), [&] { return prepare(src, weights, bias); });
    prepared.primitive.keep(DNNL_ARG_WEIGHTS, packed_.get(weights, context.isConstant(kWeights), prepared.plain_weights,
                                                          prepared.weights, device()));
    Tensor& dst = context.output(0, DataType::kFloat32, prepared.dst_shape, Layout::kChannelsLast);
    if (bias != nullptr) prepared.primitive.set(DNNL_ARG_BIAS, bias->bytes());
    prepared.primitive.run(device(), {{DNNL_ARG_SRC, src.bytes()}, {DNNL_ARG_DST, dst.bytes()}});
    return true;
  }

  Prepared prepare(const Tensor& src, const Tensor& weights, const Tensor* bias) {
    const ConvolutionShape shape = transposedShape(node(), src.shape(), weights.shape());
    requireBiasShape(bias, shape.dst);
    const WindowDims& window = shape.window;
    const memory::desc dst = describe(DataType::kFloat32, shape.dst, Layout::kChannelsLast);
    const memory::desc bias_desc = bias == nullptr ? memory::desc() : describe(*bias);
    dnnl::post_ops ops;
    activation_.appendTo(ops);
    dnnl::primitive_attr attributes = plainAttributes();
    attributes.set_post_ops(ops);
    const dnnl::deconvolution_forward::primitive_desc descriptor(
        device().engine, dnnl::prop_kind::forward_inference, dnnl::algorithm::deconvolution_direct, describe(src),
        describeAny(DataType::kFloat32, shape.weights), bias_desc, dst, window.strides, window.gaps, window.pads_begin,
        window.pads_end, attributes);

    Primitive primitive(device(), descriptor);
    primitive.declare(DNNL_ARG_SRC, descriptor.src_desc(), device());
    primitive.declare(DNNL_ARG_DST, dst, device());
    if (bias != nullptr) primitive.declare(DNNL_ARG_BIAS, bias_desc, device());
    return {shape.dst, describeWeights(shape.weights, weights.rank() < static_cast<int64_t>(shape.weights.size())),
            descriptor.weights_desc(), std::move(primitive)};
  }

  Activation activation_;
  PackedWeights packed_;
  ShapeCache<Prepared> cache_;
};

}  // namespace

void registerConvTranspose(KernelRegistry& registry) {
  putBefore<TransposedConvolution>(registry, "", "ConvTranspose");
  putBefore<TransposedConvolution>(registry, kFusedDomain, "FusedConvTranspose");
}

}  // namespace quant::onednn
