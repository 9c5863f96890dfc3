// MatMul and Gemm in float, and their fused forms: bias, residual and activation are post-operations.
#include "core/error.h"
#include "runtime/lowering/lowering.h"
#include "runtime/onednn/activation.h"
#include "runtime/onednn/convolution_shape.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/matmul_dims.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

/// Everything about a product but the addresses.
struct Product {
  MatMulDims dims;
  memory::desc a, b;  // as they lie
  float alpha = 1;
};

/// The addend as oneDNN broadcasts it; throws (bad input) when it does not fit the result.
Shape addendShape(const Shape& addend, const MatMulDims& dims) {
  Shape shape = addend;
  while (shape.size() > dims.dst.size() && shape.front() == 1) shape.erase(shape.begin());
  shape = padRank(shape, dims.dst.size());
  if (broadcastShapes(dims.dst, shape) != dims.dst) {
    throwBadInput("an addend of shape {} does not broadcast to {}", toString(addend), toString(dims.result));
  }
  return shape;
}

/// Appends "+ what lies at the argument that is returned".
int appendAdd(dnnl::post_ops& ops, const memory::desc& added) {
  ops.append_binary(dnnl::algorithm::binary_add, added);
  return DNNL_ARG_ATTR_MULTIPLE_POST_OP(ops.len() - 1) | DNNL_ARG_SRC_1;
}

/// activation(alpha * A x B + beta * addend + residual): what the operators of this file have in common. Inputs: A, B,
/// addend (optional), residual (optional, of the result's shape).
class MatMulKernel : public FallbackKernel {
 public:
  MatMulKernel(const Node& node, int64_t opset, KernelRegistry::Factory other)
      : FallbackKernel(node, opset, std::move(other)), activation_(fusedActivation(node)) {}

 protected:
  virtual Product describeProduct(const Tensor& a, const Tensor& b) const = 0;
  [[nodiscard]] virtual bool accepts(const Tensor& a, const Tensor& b) const = 0;
  [[nodiscard]] virtual float beta() const { return 1; }

 private:
  static constexpr size_t kA = 0, kB = 1, kAddend = 2, kResidual = 3;

  struct Prepared {
    Product product;
    memory::desc weights;
    int addend_argument = DNNL_ARG_BIAS, residual_argument = 0;
    Primitive primitive;
    bool has_weights = false;  // constant ones, which stay
  };

  bool tryRun(KernelContext& context) override {
    for (size_t i = 0; i < context.inputCount(); ++i) {
      if (context.has(i) && context.inputAsIs(i).type() != DataType::kFloat32) return false;
    }
    const Tensor& a = context.input(kA);
    const Tensor& b = context.input(kB);
    if (!accepts(a, b)) return false;
    const Tensor* addend = scaledAddend(context);
    const Tensor* residual = context.optionalInput(kResidual);
    const bool is_constant = context.isConstant(kB);
    Prepared& prepared =
        cache_.get(keyOf({&a, &b, addend, residual}), [&] { return prepare(a, b, is_constant, addend, residual); });
    Tensor& dst = context.output(0, DataType::kFloat32, prepared.product.dims.result);
    Primitive& primitive = prepared.primitive;
    if (is_constant && !prepared.has_weights) {
      primitive.keep(DNNL_ARG_WEIGHTS, packed_.get(b, true, prepared.product.b, prepared.weights, device()));
      prepared.has_weights = true;
    }
    if (!is_constant) primitive.set(DNNL_ARG_WEIGHTS, b.bytes());
    if (addend != nullptr) primitive.set(prepared.addend_argument, addend->bytes());
    if (residual != nullptr) primitive.set(prepared.residual_argument, residual->bytes());
    primitive.run(device(), {{DNNL_ARG_SRC, a.bytes()}, {DNNL_ARG_DST, dst.bytes()}});
    return true;
  }

  const Tensor* scaledAddend(KernelContext& context) {
    const Tensor* addend = context.optionalInput(kAddend);
    if (addend == nullptr || beta() == 1) return addend;
    scaled_addend_ = addend->clone();
    for (float& value : scaled_addend_.data<float>()) value *= beta();
    return &scaled_addend_;
  }

  Prepared prepare(const Tensor& a, const Tensor& b, bool is_constant, const Tensor* addend, const Tensor* residual) {
    Prepared prepared;
    prepared.product = describeProduct(a, b);
    const MatMulDims& dims = prepared.product.dims;
    const memory::desc dst = describe(DataType::kFloat32, dims.dst);
    dnnl::post_ops ops;
    if (prepared.product.alpha != 1) ops.append_eltwise(dnnl::algorithm::eltwise_linear, prepared.product.alpha, 0);
    memory::desc added, bias;
    if (addend != nullptr) {
      const Shape shape = addendShape(addend->shape(), dims);
      added = describe(DataType::kFloat32, shape);
      const bool is_row = elementCount(shape) == shape.back() && shape.back() == dims.columns();
      if (is_row && prepared.product.alpha == 1)
        bias = added;
      else
        prepared.addend_argument = appendAdd(ops, added);
    }
    if (residual != nullptr) {
      requireResidualShape(residual->shape(), dims.result);
      prepared.residual_argument = appendAdd(ops, dst);
    }
    activation_.appendTo(ops);

    dnnl::primitive_attr attributes = plainAttributes();
    attributes.set_post_ops(ops);
    const dnnl::matmul::primitive_desc descriptor(
        device().engine, prepared.product.a, is_constant ? describeAny(DataType::kFloat32, dims.b) : prepared.product.b,
        bias, dst, attributes);
    prepared.weights = descriptor.weights_desc();
    prepared.primitive = Primitive(device(), descriptor);
    prepared.primitive.declare(DNNL_ARG_SRC, prepared.product.a, device());
    prepared.primitive.declare(DNNL_ARG_DST, dst, device());
    if (!is_constant) prepared.primitive.declare(DNNL_ARG_WEIGHTS, prepared.weights, device());
    if (addend != nullptr) prepared.primitive.declare(prepared.addend_argument, added, device());
    if (residual != nullptr) prepared.primitive.declare(prepared.residual_argument, dst, device());
    return prepared;
  }

  Activation activation_;
  PackedWeights packed_;
  ShapeCache<Prepared> cache_;
  Tensor scaled_addend_;
};

class MatMul final : public MatMulKernel {
 public:
  using MatMulKernel::MatMulKernel;

 private:
  [[nodiscard]] bool accepts(const Tensor& a, const Tensor& b) const override {
    constexpr int64_t kMaxRank = 6;
    return a.rank() <= kMaxRank && b.rank() <= kMaxRank;
  }

  Product describeProduct(const Tensor& a, const Tensor& b) const override {
    MatMulDims dims = matMulDims(a.shape(), b.shape());
    const memory::desc a_desc = describe(DataType::kFloat32, dims.a), b_desc = describe(DataType::kFloat32, dims.b);
    return {std::move(dims), a_desc, b_desc};
  }
};

class Gemm final : public MatMulKernel {
 public:
  Gemm(const Node& node, int64_t opset, KernelRegistry::Factory other)
      : MatMulKernel(node, opset, std::move(other)),
        alpha_(node.attr("alpha", 1.0F)),
        beta_(node.attr("beta", 1.0F)),
        transposes_a_(node.attr("transA", int64_t{0}) != 0),
        transposes_b_(node.attr("transB", int64_t{0}) != 0) {}

 private:
  [[nodiscard]] float beta() const override { return beta_; }
  [[nodiscard]] bool accepts(const Tensor& a, const Tensor& b) const override { return a.rank() == 2 && b.rank() == 2; }

  Product describeProduct(const Tensor& a, const Tensor& b) const override {
    const auto turned = [](Shape shape, bool transposed) { return transposed ? Shape{shape[1], shape[0]} : shape; };
    const auto desc = [](const Shape& dims, bool transposed) {
      return transposed ? describeTransposed(DataType::kFloat32, dims) : describe(DataType::kFloat32, dims);
    };
    MatMulDims dims = matMulDims(turned(a.shape(), transposes_a_), turned(b.shape(), transposes_b_));
    const memory::desc a_desc = desc(dims.a, transposes_a_), b_desc = desc(dims.b, transposes_b_);
    return {std::move(dims), a_desc, b_desc, alpha_};
  }

  float alpha_, beta_;
  bool transposes_a_, transposes_b_;
};

}  // namespace

void registerMatMul(KernelRegistry& registry) {
  putBefore<Gemm>(registry, "", "Gemm");
  putBefore<Gemm>(registry, kFusedDomain, "FusedGemm");
  putBefore<MatMul>(registry, "", "MatMul");
  putBefore<MatMul>(registry, kFusedDomain, "FusedMatMul");
}

}  // namespace quant::onednn
