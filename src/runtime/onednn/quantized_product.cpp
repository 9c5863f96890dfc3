// QConv and QMatMul (runtime/quantized_product.h). On CPUs whose 8-bit sums are exact, one primitive computes the real
// results; elsewhere the sums come from ConvInteger and MatMulInteger, which are exact on any CPU.
#include "runtime/quantized_product.h"

#include "core/error.h"
#include "runtime/broadcast.h"
#include "runtime/cpu.h"
#include "runtime/lowering/lowering.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/matmul_dims.h"
#include "runtime/onednn/register.h"
#include "runtime/reference/quant_input.h"

namespace quant::onednn {

namespace {

using reference::scalarScale;
using reference::scalarZeroPoint;

/// Everything behind the sums.
struct Results {
  std::vector<float> multipliers, bias;  // one, or one for each channel or column; bias may be empty
  Activation activation;
  std::optional<Int8Scale> dst;  // nothing: real numbers

  [[nodiscard]] DataType type() const { return dst ? dst->type : DataType::kFloat32; }

  /// The attributes of a primitive that multiplies and adds the bias by itself.
  void appendTo(dnnl::post_ops& ops) const {
    activation.appendTo(ops);
    if (!dst) return;
    ops.append_eltwise(dnnl::algorithm::eltwise_linear, 1 / dst->scale, 0);
    ops.append_eltwise(dnnl::algorithm::eltwise_round, 0, 0);  // before the zero point, as ONNX has it
  }
};

class ProductKernel : public FallbackKernel, protected QuantizedProduct {
 public:
  ProductKernel(const Node& node, int64_t opset, KernelRegistry::Factory other, PairSums pair_sums,
                const KernelRegistry::Factory& sums)
      : FallbackKernel(node, opset, std::move(other)),
        has_exact_primitives_(pair_sums == PairSums::kExact && hasExactInt8Sums()),
        sums_node_(node.proto()),
        sums_(sums(sums_node_, 10)) {}

 protected:
  /// The constant weights as a convolution has them, or nothing.
  virtual std::optional<Tensor> constantWeights(KernelContext& context) = 0;
  /// The convolution with these weights, and the result's shape.
  virtual std::pair<ConvolutionShape, Shape> shapesOf(const Shape& src) = 0;
  [[nodiscard]] virtual Layout layout() const = 0;
  virtual int64_t channelsOf(KernelContext& context) const = 0;
  /// With weights that are computed. False when there is no primitive.
  virtual bool runComputed(KernelContext& /*context*/, const Results& /*results*/) { return false; }

  [[nodiscard]] const std::optional<Tensor>& weights() const { return weights_; }

  /// What the multipliers lack in this run.
  [[nodiscard]] float changingScale(KernelContext& context) const {
    if (has_constant_scales_) return 1;
    const float a = scalarScale(context, kAScale);
    return context.isConstant(kBScale) ? a : a * scalarScale(context, kBScale);
  }

 private:
  struct Prepared {
    Shape dst_shape;
    Primitive primitive;
  };

  bool tryRun(KernelContext& context) override {
    if (!areConstant(context) || !isInt8(context.inputAsIs(kA)) || !isInt8(context.inputAsIs(kB))) return false;
    if (!results_) decide(context);
    if (has_exact_primitives_ && weights_) return runDirect(context);
    if (has_exact_primitives_ && runComputed(context, *results_)) return true;
    runOnSums(context);
    return true;
  }

  /// A DynamicQuantizeLinear gives A, and where B is computed B as well, other parameters at each run.
  static bool areConstant(const KernelContext& context) {
    for (size_t i = 0; i < context.inputCount(); ++i) {
      const bool is_of_b = i == kBScale || i == kBZeroPoint;
      const bool may_change = i <= kB || (is_of_b && !context.isConstant(kB));
      if (!may_change && context.has(i) && !context.isConstant(i)) return false;
    }
    return true;
  }

  void decide(KernelContext& context) {
    Results results;
    results.activation = fusedActivation(node());
    results.multipliers = {1};
    has_constant_scales_ = context.isConstant(kAScale) && context.isConstant(kBScale);
    if (context.isConstant(kBScale)) {
      results.multipliers = reference::scalesFor(context, kBScale, context.input(kBScale).elementCount());
    }
    if (has_constant_scales_) {
      for (float& scale : results.multipliers) scale = scalarScale(context, kAScale) * scale;
    }
    if (context.has(kBias)) results.bias = reference::scalesFor(context, kBias, channelsOf(context));
    if (context.has(kDstScale)) {
      results.dst = {context.input(kDstZeroPoint).type(), scalarScale(context, kDstScale),
                     scalarZeroPoint(context, kDstZeroPoint)};
    }
    if (context.isConstant(kB)) weights_ = constantWeights(context);
    if (weights_) results.multipliers.resize(static_cast<size_t>(channelsOf(context)), results.multipliers[0]);
    results_ = std::move(results);
  }

  // --- one primitive -------------------------------------------------------------------------------------------------

  bool runDirect(KernelContext& context) {
    const Tensor& src = context.inputAs(kA, layout());
    Prepared& prepared = cache_.get(keyOf({&src}), [&] { return prepare(src); });
    const int32_t zero_point = scalarZeroPoint(context, kAZeroPoint);
    const float scale = changingScale(context);
    Tensor& dst = context.output(0, results_->type(), prepared.dst_shape, layout());
    if (!has_constant_scales_) prepared.primitive.set(DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, &scale);
    prepared.primitive.run(device(), {{DNNL_ARG_SRC, src.bytes()},
                                      {DNNL_ARG_DST, dst.bytes()},
                                      {DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, &zero_point}});
    return true;
  }

  Prepared prepare(const Tensor& src) {
    const auto [wanted, dst_shape] = shapesOf(src.shape());
    const ConvolutionShape shape = withoutThreeTiles(wanted);
    const bool has_groups = static_cast<int64_t>(shape.weights.size()) > weights_->rank();
    dnnl::primitive_attr attributes = plainAttributes();
    attributes.set_zero_points_mask(DNNL_ARG_SRC, 0);
    attributes.set_scales_mask(DNNL_ARG_WEIGHTS, has_groups ? 3 : 1);
    if (!has_constant_scales_) attributes.set_scales_mask(DNNL_ARG_SRC, 0);
    if (results_->dst) attributes.set_zero_points_mask(DNNL_ARG_DST, 0);
    dnnl::post_ops ops;
    results_->appendTo(ops);
    attributes.set_post_ops(ops);
    const memory::desc bias = results_->bias.empty() ? memory::desc() : describe(DataType::kFloat32, {shape.dst[1]});
    const WindowDims& window = shape.window;
    const dnnl::convolution_forward::primitive_desc descriptor(
        device().engine, dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
        describe(src.type(), shape.src, Layout::kChannelsLast), describeAny(DataType::kInt8, shape.weights), bias,
        describe(results_->type(), shape.dst, Layout::kChannelsLast), window.strides, window.gaps, window.pads_begin,
        window.pads_end, attributes);

    Primitive primitive(device(), descriptor);
    primitive.declare(DNNL_ARG_SRC, descriptor.src_desc(), device());
    primitive.declare(DNNL_ARG_DST, descriptor.dst_desc(), device());
    primitive.declare(DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, describe(DataType::kInt32, {1}), device());
    if (!has_constant_scales_) {
      primitive.declare(DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, describe(DataType::kFloat32, {1}), device());
    }
    primitive.keep(DNNL_ARG_WEIGHTS, packed_.get(*weights_, true, describe(DataType::kInt8, shape.weights),
                                                 descriptor.weights_desc(), device()));
    primitive.keep(DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, constantOf(results_->multipliers, device()));
    if (!results_->bias.empty()) primitive.keep(DNNL_ARG_BIAS, constantOf(results_->bias, device()));
    if (results_->dst) {
      primitive.keep(DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST, constantOf(results_->dst->zero_point, device()));
    }
    return {dst_shape, std::move(primitive)};
  }

  // --- from the sums -------------------------------------------------------------------------------------------------

  void runOnSums(KernelContext& context) {
    KernelContext products = context.withInputs({kA, kB, kAZeroPoint, kBZeroPoint});
    sums_->run(products);
    const Tensor sums = convertLayout(products.results()[0].value(), layout());
    std::vector<float> multipliers = results_->multipliers;
    if (!has_constant_scales_) {
      for (float& multiplier : multipliers) multiplier *= changingScale(context);
    }
    if (!results_->dst) {
      return scale(sums, multipliers, context.output(0, DataType::kFloat32, sums.shape(), layout()));
    }
    Tensor reals(DataType::kFloat32, sums.shape(), layout());
    scale(sums, multipliers, reals);
    const Int8Scale& dst = *results_->dst;
    const ByteScale to{dst.scale, dst.zero_point, flipOf(dst.type)};
    uint8_t* const bytes = bytesOf(context.output(0, dst.type, sums.shape(), layout()));
    const float* const from = reals.data<float>().data();
    parallelRange(reals.elementCount(),
                  [&](int64_t begin, int64_t end) { quantizeRun(from + begin, bytes + begin, end - begin, to); });
  }

  void scale(const Tensor& sums, const std::vector<float>& multipliers, Tensor& reals) {
    const auto& bias = results_->bias;
    const auto channels = static_cast<int64_t>(std::max(multipliers.size(), bias.size()));
    const int64_t multiplier_step = multipliers.size() > 1 ? 1 : 0;
    const int32_t* const from = sums.data<int32_t>().data();
    float* const to = reals.data<float>().data();
    const int64_t rows = sums.elementCount() / channels;
#pragma omp parallel for schedule(static) if (sums.elementCount() > kParallelGrain)
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t c = 0; c < channels; ++c) {
        const float x =
            static_cast<float>(from[row * channels + c]) * multipliers[static_cast<size_t>(c * multiplier_step)];
        to[row * channels + c] = bias.empty() ? x : x + bias[static_cast<size_t>(c)];
      }
    }
    if (results_->activation) activate(reals);
  }

  void activate(Tensor& reals) {
    Primitive& primitive = activations_.get({reals.elementCount()}, [&] {
      return activationPrimitive(results_->activation, reals.elementCount(), device());
    });
    primitive.run(device(), {{DNNL_ARG_SRC, reals.bytes()}, {DNNL_ARG_DST, reals.bytes()}});
  }

  bool has_exact_primitives_;
  bool has_constant_scales_ = true;  // else multipliers lack what a DynamicQuantizeLinear gives
  Node sums_node_;
  std::unique_ptr<Kernel> sums_;
  std::optional<Results> results_;
  std::optional<Tensor> weights_;
  PackedWeights packed_;
  ShapeCache<Prepared> cache_;
  ShapeCache<Primitive> activations_;
};

class ConvolutionKernel final : public ProductKernel {
 public:
  using ProductKernel::ProductKernel;

 private:
  std::optional<Tensor> constantWeights(KernelContext& context) override {
    if (!isConvolution(context.inputAsIs(kA), context.inputAsIs(kB))) return {};
    return symmetricWeights(context.input(kB), reference::zeroPointsFor(context, kBZeroPoint, channelsOf(context)));
  }
  std::pair<ConvolutionShape, Shape> shapesOf(const Shape& src) override {
    ConvolutionShape shape = convolutionShape(node(), src, weights()->shape());
    Shape dst = shape.dst;
    return {std::move(shape), std::move(dst)};
  }
  [[nodiscard]] Layout layout() const override { return Layout::kChannelsLast; }
  int64_t channelsOf(KernelContext& context) const override { return context.inputAsIs(kB).shape()[0]; }
};

class MatMulKernel final : public ProductKernel {
 public:
  using ProductKernel::ProductKernel;

 private:
  static constexpr int kMultiplier = DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1;

  struct Prepared {
    MatMulDims dims;
    Primitive primitive;
  };

  std::optional<Tensor> constantWeights(KernelContext& context) override {
    const Tensor& b = context.input(kB);
    if (b.rank() != 2) return {};
    auto symmetric = symmetricWeights(b, reference::zeroPointsFor(context, kBZeroPoint, channelsOf(context)));
    return symmetric ? std::optional(transposedWeights(*symmetric)) : std::nullopt;
  }
  std::pair<ConvolutionShape, Shape> shapesOf(const Shape& src) override {
    const Shape& packed = weights()->shape();
    const MatMulDims dims = matMulDims(src, {packed[1], packed[0]});
    return {productShape(dims.rows(), dims.depth(), dims.columns()), dims.result};
  }
  [[nodiscard]] Layout layout() const override { return Layout::kPlain; }
  int64_t channelsOf(KernelContext& context) const override {
    const Shape& b = context.inputAsIs(kB).shape();
    return b.size() < 2 ? 1 : b.back();
  }

  bool runComputed(KernelContext& context, const Results& results) override {
    if (!results.bias.empty() || results.multipliers.size() != 1) return false;
    const Tensor& a = context.input(kA);
    const Tensor& b = context.input(kB);
    const bool shifts = b.type() == DataType::kUInt8;  // oneDNN takes only signed weights
    const Tensor signed_b = shifts ? shiftedToSigned(b) : b.alias();
    const int32_t a_zero_point = scalarZeroPoint(context, kAZeroPoint);
    const int32_t b_zero_point = scalarZeroPoint(context, kBZeroPoint) - (shifts ? 128 : 0);
    Prepared& prepared = products_.get(keyOf({&a, &signed_b}), [&] { return prepareMatMul(a, signed_b, results); });
    Tensor& dst = context.output(0, results.type(), prepared.dims.result);
    const float multiplier = results.multipliers[0] * changingScale(context);
    prepared.primitive.run(device(), {{DNNL_ARG_SRC, a.bytes()},
                                      {DNNL_ARG_WEIGHTS, signed_b.bytes()},
                                      {DNNL_ARG_DST, dst.bytes()},
                                      {kMultiplier, &multiplier},
                                      {DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, &a_zero_point},
                                      {DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_WEIGHTS, &b_zero_point}});
    return true;
  }

  Prepared prepareMatMul(const Tensor& a, const Tensor& b, const Results& results) {
    MatMulDims dims = matMulDims(a.shape(), b.shape());
    dnnl::primitive_attr attributes = plainAttributes();
    for (const int argument : {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS}) attributes.set_zero_points_mask(argument, 0);
    if (results.dst) attributes.set_zero_points_mask(DNNL_ARG_DST, 0);
    dnnl::post_ops ops;
    const memory::desc one_number = describe(DataType::kFloat32, Shape(dims.dst.size(), 1));
    ops.append_binary(dnnl::algorithm::binary_mul, one_number);
    results.appendTo(ops);
    attributes.set_post_ops(ops);
    const dnnl::matmul::primitive_desc descriptor(device().engine, describe(a.type(), dims.a),
                                                  describe(b.type(), dims.b), describe(results.type(), dims.dst),
                                                  attributes);
    Primitive primitive(device(), descriptor);
    primitive.declare(DNNL_ARG_SRC, descriptor.src_desc(), device());
    primitive.declare(DNNL_ARG_WEIGHTS, descriptor.weights_desc(), device());
    primitive.declare(DNNL_ARG_DST, descriptor.dst_desc(), device());
    primitive.declare(kMultiplier, one_number, device());
    for (const int argument : {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS}) {
      primitive.declare(DNNL_ARG_ATTR_ZERO_POINTS | argument, describe(DataType::kInt32, {1}), device());
    }
    if (results.dst) {
      primitive.keep(DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST, constantOf(results.dst->zero_point, device()));
    }
    return {std::move(dims), std::move(primitive)};
  }

  ShapeCache<Prepared> products_;
};

}  // namespace

void registerQuantizedProduct(KernelRegistry& registry, PairSums pair_sums) {
  putBefore<ConvolutionKernel>(registry, kFusedDomain, "QConv", pair_sums, *registry.find("", "ConvInteger", 10));
  putBefore<MatMulKernel>(registry, kFusedDomain, "QMatMul", pair_sums, *registry.find("", "MatMulInteger", 10));
}

}  // namespace quant::onednn
