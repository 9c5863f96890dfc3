// Functions of one number, in float: oneDNN's eltwise over the elements as they lie. Softplus and Mish are not among
// them: for negative numbers oneDNN's lose all but two digits.
#include <bit>
#include <limits>

#include "runtime/onednn/activation.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

/// An operator whose parameters are attributes.
struct Row {
  const char* op_type;
  const char* function;  // as findActivation calls it
  const char* alpha_attribute = nullptr;
  float alpha = 0;
  const char* beta_attribute = nullptr;
  float beta = 0;
};

constexpr Row kRows[] = {
    {"Relu", "Relu"},
    {"LeakyRelu", "LeakyRelu", "alpha", 0.01F},
    {"Elu", "Elu", "alpha", 1.0F},
    {"Sigmoid", "Sigmoid"},
    {"Tanh", "Tanh"},
    {"Exp", "Exp"},
    {"Log", "Log"},
    {"Sqrt", "Sqrt"},
    {"Abs", "Abs"},
    {"Round", "Round"},
    {"HardSwish", "HardSwish"},
    {"Swish", "Swish", "alpha", 1.0F},
    {"HardSigmoid", "HardSigmoid", "alpha", 0.2F, "beta", 0.5F},
};

class EltwiseKernel : public FallbackKernel {
 public:
  using FallbackKernel::FallbackKernel;

 protected:
  static bool isFloat(const KernelContext& context) { return context.inputAsIs(0).type() == DataType::kFloat32; }

  void compute(KernelContext& context, const Activation& activation) {
    const Tensor& src = context.inputAsIs(0);
    // Only the number of elements counts: one step serves every shape that has as many.
    ShapeKey key{src.elementCount(), std::bit_cast<int32_t>(activation.alpha), std::bit_cast<int32_t>(activation.beta)};
    Primitive& primitive = cache_.get(std::move(key), [&] { return prepare(src.elementCount(), activation); });
    Tensor& dst = context.output(0, DataType::kFloat32, src.shape(), src.layout());
    primitive.run(device(), {{DNNL_ARG_SRC, src.bytes()}, {DNNL_ARG_DST, dst.bytes()}});
  }

 private:
  Primitive prepare(int64_t count, const Activation& activation) {
    const memory::desc line = describe(DataType::kFloat32, {count});
    const dnnl::eltwise_forward::primitive_desc descriptor(device().engine, dnnl::prop_kind::forward_inference,
                                                           activation.algorithm, line, line, activation.alpha,
                                                           activation.beta, plainAttributes());
    Primitive primitive(device(), descriptor);
    primitive.declare(DNNL_ARG_SRC, line, device());
    primitive.declare(DNNL_ARG_DST, line, device());
    return primitive;
  }

  ShapeCache<Primitive> cache_;
};

class Unary final : public EltwiseKernel {
 public:
  Unary(const Node& node, int64_t opset, KernelRegistry::Factory other, Activation activation)
      : EltwiseKernel(node, opset, std::move(other)), activation_(activation) {}

 private:
  bool tryRun(KernelContext& context) override {
    if (!isFloat(context)) return false;
    compute(context, activation_);
    return true;
  }

  Activation activation_;
};

/// The limits are attributes before version 11, then inputs.
class Clip final : public EltwiseKernel {
 public:
  using EltwiseKernel::EltwiseKernel;

 private:
  bool tryRun(KernelContext& context) override {
    if (!isFloat(context)) return false;
    const float low = limit(context, 1, node().attr("min", std::numeric_limits<float>::lowest()));
    const float high = limit(context, 2, node().attr("max", std::numeric_limits<float>::max()));
    if (!(low <= high)) return false;
    compute(context, {dnnl::algorithm::eltwise_clip, low, high});
    return true;
  }

  static float limit(KernelContext& context, size_t index, float fallback) {
    return context.has(index) ? context.input(index).data<float>()[0] : fallback;
  }
};

std::unique_ptr<Kernel> makeUnary(const Row& row, const Node& node, int64_t opset, KernelRegistry::Factory other) {
  const float alpha = row.alpha_attribute == nullptr ? 0 : node.attr(row.alpha_attribute, row.alpha);
  const float beta = row.beta_attribute == nullptr ? 0 : node.attr(row.beta_attribute, row.beta);
  return std::make_unique<Unary>(node, opset, std::move(other), findActivation(row.function, alpha, beta).value());
}

std::unique_ptr<Kernel> makeGelu(const Node& node, int64_t opset, KernelRegistry::Factory other) {
  const bool by_tanh = node.attr("approximate", "none") == "tanh";
  const auto gelu = findActivation(by_tanh ? "GeluTanh" : "Gelu", 0, 0).value();
  return std::make_unique<Unary>(node, opset, std::move(other), gelu);
}

/// Puts make(node, opset, other) before every version of an operator.
template <class Make>
void putMadeBefore(KernelRegistry& registry, std::string_view domain, std::string_view op_type, Make make) {
  wrapKernel(registry, domain, op_type, [=](KernelRegistry::Factory other) -> KernelRegistry::Factory {
    return [=](const Node& node, int64_t opset) { return make(node, opset, other); };
  });
}

}  // namespace

void registerUnary(KernelRegistry& registry) {
  for (const Row& row : kRows) {
    putMadeBefore(registry, "", row.op_type, [&row](const Node& node, int64_t opset, KernelRegistry::Factory other) {
      return makeUnary(row, node, opset, std::move(other));
    });
  }
  for (const char* domain : {"", "com.microsoft"}) putMadeBefore(registry, domain, "Gelu", makeGelu);
  putBefore<Clip>(registry, "", "Clip");
}

}  // namespace quant::onednn
