// QGemm (com.microsoft), QLinearMatMul and MatMulInteger. With constant weights they are run as a pointwise
// convolution: that is the faster primitive, and it shares the convolution's forms. Two computed operands go to
// oneDNN's matmul, or to the product of our own where oneDNN's sums saturate.
#include <algorithm>

#include "core/error.h"
#include "runtime/cpu.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/int8_product.h"
#include "runtime/onednn/register.h"
#include "runtime/reference/quant_input.h"

namespace quant::onednn {

namespace {

using reference::scalarScale;
using reference::scalarZeroPoint;

constexpr size_t kAbsent = static_cast<size_t>(-1);

/// Which input of an operator is what.
struct Inputs {
  size_t a, a_scale, a_zero_point, b, b_scale, b_zero_point, bias, dst_scale, dst_zero_point;
};
constexpr Inputs kQLinearMatMul{0, 1, 2, 3, 4, 5, kAbsent, 6, 7};
constexpr Inputs kQGemm{0, 1, 2, 3, 4, 5, 6, 7, 8};
constexpr Inputs kMatMulInteger{0, kAbsent, 2, 1, kAbsent, 3, kAbsent, kAbsent, kAbsent};

class Int8MatMul final : public FallbackKernel {
 public:
  Int8MatMul(const Node& node, int64_t opset, KernelRegistry::Factory other, PairSums pair_sums, Inputs inputs)
      : FallbackKernel(node, opset, std::move(other)),
        pair_sums_(pair_sums),
        inputs_(inputs),
        alpha_(node.attr("alpha", 1.0F)),
        transposes_a_(node.attr("transA", int64_t{0}) != 0),
        transposes_b_(node.attr("transB", int64_t{0}) != 0) {}

 private:
  bool tryRun(KernelContext& context) override {
    const Tensor& a = context.input(inputs_.a);
    const Tensor& b = context.input(inputs_.b);
    if (!isInt8(a) || !isInt8(b) || transposes_a_) return false;
    if (!decided_) decide(context, b);
    if (layer_) return runLayer(context, a, b);
    return !transposes_b_ && !has(context, inputs_.bias) && runMatMul(context, a, b);
  }

  static bool has(const KernelContext& context, size_t index) { return index != kAbsent && context.has(index); }

  [[nodiscard]] bool isInteger() const { return inputs_.a_scale == kAbsent; }

  // --- constant weights ----------------------------------------------------------------------------------------------

  void decide(KernelContext& context, const Tensor& b) {
    decided_ = true;
    if (b.rank() != 2 || !areConstant(context) || !hasRowBias(context, columnsOf(b))) return;
    auto weights = symmetricWeights(b, reference::zeroPointsFor(context, inputs_.b_zero_point, columnsOf(b)));
    if (!weights) return;
    Int8Layer layer;
    layer.src_type = context.inputAsIs(inputs_.a).type();
    layer.weights = transposes_b_ ? weights->alias({b.shape()[0], b.shape()[1], 1, 1}) : transposedWeights(*weights);
    layer.dst_type = DataType::kInt32;
    if (!isInteger()) setScales(context, layer);
    layer_ = std::move(layer);
    form_ = chooseInt8Form(*layer_, pair_sums_);
  }

  bool areConstant(const KernelContext& context) const {
    for (size_t i = 0; i < context.inputCount(); ++i) {
      // MatMulInteger's zero point of A changes at every run.
      const bool may_change = i == inputs_.a || (isInteger() && i == inputs_.a_zero_point);
      if (!may_change && context.has(i) && !context.isConstant(i)) return false;
    }
    return true;
  }

  [[nodiscard]] int64_t columnsOf(const Tensor& b) const { return b.shape()[transposes_b_ ? 0 : 1]; }

  /// QGemm's addend may be a whole matrix; a convolution has one value for each column.
  [[nodiscard]] bool hasRowBias(const KernelContext& context, int64_t columns) const {
    if (!has(context, inputs_.bias)) return true;
    const Tensor& bias = context.inputAsIs(inputs_.bias);
    return bias.rank() > 0 && bias.shape().back() == columns && bias.elementCount() == columns;
  }

  void setScales(KernelContext& context, Int8Layer& layer) const {
    if (has(context, inputs_.bias)) {
      const auto bias = context.input(inputs_.bias).data<int32_t>();
      layer.bias.assign(bias.begin(), bias.end());
    }
    const float a_scale = alpha_ * scalarScale(context, inputs_.a_scale);
    layer.multipliers = reference::scalesFor(context, inputs_.b_scale, layer.weights.shape()[0]);
    for (float& multiplier : layer.multipliers) multiplier *= a_scale;
    layer.dst_type = DataType::kFloat32;
    if (!has(context, inputs_.dst_scale)) return;
    const Int8Scale dst = dstScale(context);
    for (float& multiplier : layer.multipliers) multiplier /= dst.scale;
    layer.dst_type = dst.type;
    layer.dst_zero_point = dst.zero_point;
  }

  [[nodiscard]] Int8Scale dstScale(KernelContext& context) const {
    const bool has_zero_point = has(context, inputs_.dst_zero_point);
    const Tensor& typed = context.inputAsIs(has_zero_point ? inputs_.dst_zero_point : inputs_.a);
    return {typed.type(), scalarScale(context, inputs_.dst_scale), scalarZeroPoint(context, inputs_.dst_zero_point)};
  }

  bool runLayer(KernelContext& context, const Tensor& a, const Tensor& b) {
    if (a.type() != layer_->src_type || !isSingle(context, inputs_.a_zero_point)) return false;
    const int32_t a_zero_point = scalarZeroPoint(context, inputs_.a_zero_point);
    const Shape b_shape = transposes_b_ ? Shape{b.shape()[1], b.shape()[0]} : b.shape();
    const MatMulDims dims = matMulDims(a.shape(), b_shape);
    Tensor& dst = context.output(0, layer_->dst_type, dims.result);
    form_->run(productShape(dims.rows(), dims.depth(), dims.columns()), {a, a_zero_point, nullptr, dst});
    return true;
  }

  // --- two computed operands -----------------------------------------------------------------------------------------

  static constexpr int kMultiplier = DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1;

  struct Prepared {
    MatMulDims dims;
    Primitive primitive;
  };

  bool runMatMul(KernelContext& context, const Tensor& a, const Tensor& b) {
    if (alpha_ != 1 || !haveSingleParameters(context)) return false;
    if (!hasExactInt8Sums()) {
      runExactly(context, a, b);
      return true;
    }
    const bool shifts = b.type() == DataType::kUInt8;  // oneDNN takes only signed weights
    const Tensor weights = shifts ? shiftedToSigned(b) : b.alias();
    const int32_t a_zero_point = scalarZeroPoint(context, inputs_.a_zero_point);
    const int32_t b_zero_point = scalarZeroPoint(context, inputs_.b_zero_point) - (shifts ? 128 : 0);
    const DataType dst_type = isInteger() ? DataType::kInt32 : dstScale(context).type;
    Prepared& prepared = cache_.get(keyOf({&a, &weights}), [&] { return prepareMatMul(a, weights, dst_type); });
    Tensor& dst = context.output(0, dst_type, prepared.dims.result);
    const Int8Scale to = isInteger() ? Int8Scale() : dstScale(context);
    const float multiplier = isInteger() ? 1 : multiplierTo(context, to);
    if (!isInteger()) {
      prepared.primitive.set(kMultiplier, &multiplier);
      prepared.primitive.set(DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST, &to.zero_point);
    }
    prepared.primitive.run(device(), {{DNNL_ARG_SRC, a.bytes()},
                                      {DNNL_ARG_WEIGHTS, weights.bytes()},
                                      {DNNL_ARG_DST, dst.bytes()},
                                      {DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, &a_zero_point},
                                      {DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_WEIGHTS, &b_zero_point}});
    return true;
  }

  float multiplierTo(KernelContext& context, const Int8Scale& dst) const {
    return scalarScale(context, inputs_.a_scale) * scalarScale(context, inputs_.b_scale) / dst.scale;
  }

  /// Where oneDNN's sums saturate. The layer says what becomes of the sums.
  void runExactly(KernelContext& context, const Tensor& a, const Tensor& b) const {
    const MatMulDims dims = matMulDims(a.shape(), b.shape());
    Int8Layer layer;
    layer.dst_type = DataType::kInt32;
    if (!isInteger()) {
      const Int8Scale to = dstScale(context);
      layer.multipliers.assign(static_cast<size_t>(dims.columns()), multiplierTo(context, to));
      layer.dst_type = to.type;
      layer.dst_zero_point = to.zero_point;
    }
    Tensor& dst = context.output(0, layer.dst_type, dims.result);
    multiplyExactly({a, scalarZeroPoint(context, inputs_.a_zero_point)},
                    {b, scalarZeroPoint(context, inputs_.b_zero_point)}, dims, Int8Results(layer, dims.columns()), dst);
  }

  static bool isSingle(const KernelContext& context, size_t index) {
    return !has(context, index) || context.inputAsIs(index).elementCount() == 1;
  }

  bool haveSingleParameters(const KernelContext& context) const {
    return isSingle(context, inputs_.a_scale) && isSingle(context, inputs_.a_zero_point) &&
           isSingle(context, inputs_.b_scale) && isSingle(context, inputs_.b_zero_point) &&
           (isInteger() || has(context, inputs_.dst_scale));
  }

  Prepared prepareMatMul(const Tensor& a, const Tensor& b, DataType dst_type) {
    MatMulDims dims = matMulDims(a.shape(), b.shape());
    const memory::desc one_number = describe(DataType::kFloat32, Shape(dims.dst.size(), 1));
    std::vector<int> shifted{DNNL_ARG_SRC, DNNL_ARG_WEIGHTS};  // by a zero point
    dnnl::post_ops ops;
    if (!isInteger()) {
      shifted.push_back(DNNL_ARG_DST);
      ops.append_binary(dnnl::algorithm::binary_mul, one_number);
      ops.append_eltwise(dnnl::algorithm::eltwise_round, 0, 0);  // before the zero point, as ONNX has it
    }
    dnnl::primitive_attr attributes = plainAttributes();
    for (const int argument : shifted) attributes.set_zero_points_mask(argument, 0);
    attributes.set_post_ops(ops);
    const dnnl::matmul::primitive_desc descriptor(device().engine, describe(a.type(), dims.a),
                                                  describe(b.type(), dims.b), describe(dst_type, dims.dst), attributes);
    Primitive primitive(device(), descriptor);
    primitive.declare(DNNL_ARG_SRC, descriptor.src_desc(), device());
    primitive.declare(DNNL_ARG_WEIGHTS, descriptor.weights_desc(), device());
    primitive.declare(DNNL_ARG_DST, descriptor.dst_desc(), device());
    if (!isInteger()) primitive.declare(kMultiplier, one_number, device());
    for (const int argument : shifted) {
      primitive.declare(DNNL_ARG_ATTR_ZERO_POINTS | argument, describe(DataType::kInt32, {1}), device());
    }
    return {std::move(dims), std::move(primitive)};
  }

  PairSums pair_sums_;
  Inputs inputs_;
  float alpha_;
  bool transposes_a_, transposes_b_;
  bool decided_ = false;
  std::optional<Int8Layer> layer_;
  std::unique_ptr<Int8Form> form_;
  ShapeCache<Prepared> cache_;
};

}  // namespace

void registerInt8MatMul(KernelRegistry& registry, PairSums pair_sums) {
  putBefore<Int8MatMul>(registry, "com.microsoft", "QGemm", pair_sums, kQGemm);
  putBefore<Int8MatMul>(registry, "", "QLinearMatMul", pair_sums, kQLinearMatMul);
  putBefore<Int8MatMul>(registry, "", "MatMulInteger", pair_sums, kMatMulInteger);
}

}  // namespace quant::onednn
