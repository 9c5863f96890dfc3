// QConv and QMatMul, the fused operators of runtime/quantized_product.h: exact 32-bit sums of ConvInteger and
// MatMulInteger, and what becomes of them.
#include "runtime/quantized_product.h"

#include "runtime/lowering/lowering.h"
#include "runtime/reference/activation_functions.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/quant_input.h"
#include "runtime/reference/register.h"
#include "runtime/reference/requantize.h"

namespace quant::reference {

namespace {

class Product final : public Kernel, private QuantizedProduct {
 public:
  Product(const Node& node, const char* sums_op, const KernelRegistry::Factory& sums)
      : sums_node_(nodeOf(node, sums_op)), sums_(sums(sums_node_, 10)) {
    const std::string name = node.attr("activation", "");
    if (name.empty()) return;
    activation_ = activationFunction(name, node.attr("activation_alpha", 0.0F), node.attr("activation_beta", 0.0F));
  }

  void run(KernelContext& context) override {
    KernelContext products = context.withInputs({kA, kB, kAZeroPoint, kBZeroPoint});
    sums_->run(products);
    const Tensor& sums = products.results()[0].value();
    Tensor reals(DataType::kFloat32, sums.shape(), sums.layout());
    scale(context, sums, reals);
    if (!context.has(kDstScale)) return context.setOutput(0, std::move(reals));
    quantize(context, reals);
  }

 private:
  static onnx::NodeProto nodeOf(const Node& node, const char* op_type) {
    onnx::NodeProto proto = node.proto();
    proto.set_op_type(op_type);
    proto.clear_domain();
    return proto;
  }

  /// The channels of a convolution and the columns of a product.
  [[nodiscard]] int64_t channelsOf(const Tensor& sums) const {
    if (sums_node_.is("ConvInteger")) return sums.shape()[1];
    return sums.shape().empty() ? 1 : sums.shape().back();
  }
  /// Elements from one channel to the next.
  [[nodiscard]] int64_t channelStep(const Tensor& sums) const {
    if (!sums_node_.is("ConvInteger") || sums.layout() == Layout::kChannelsLast) return 1;
    return elementCount(Shape(sums.shape().begin() + 2, sums.shape().end()));
  }

  void scale(KernelContext& context, const Tensor& sums, Tensor& reals) const {
    const int64_t channels = channelsOf(sums), step = channelStep(sums);
    const float a_scale = scalarScale(context, kAScale);
    const std::vector<float> b_scales = scalesFor(context, kBScale, channels);
    const std::vector<float> bias =
        context.has(kBias) ? scalesFor(context, kBias, channels) : std::vector<float>(b_scales.size(), 0);
    const auto from = sums.data<int32_t>();
    const auto to = reals.data<float>();
    for (size_t i = 0; i < to.size(); ++i) {
      const auto channel = static_cast<size_t>(static_cast<int64_t>(i) / step % channels);
      const float x = static_cast<float>(from[i]) * (a_scale * b_scales[channel]) + bias[channel];
      to[i] = activation_ ? static_cast<float>(activation_(x)) : x;
    }
  }

  static void quantize(KernelContext& context, const Tensor& reals) {
    const float y_scale = scalarScale(context, kDstScale);
    const DataType type = context.input(kDstZeroPoint).type();
    Tensor& dst = context.output(0, type, reals.shape(), reals.layout());
    withElementType(type, TypeList<uint8_t, int8_t>{}, "a quantized product", [&](auto example) {
      using Q = decltype(example);
      const Quantizer<Q> to_integer(static_cast<Q>(scalarZeroPoint(context, kDstZeroPoint)));
      mapElements<float, Q>(reals, dst, [&](float x) { return to_integer(x / y_scale); });
    });
  }

  Node sums_node_;
  std::unique_ptr<Kernel> sums_;
  std::function<double(double)> activation_;  // empty: none
};

void add(KernelRegistry& registry, const char* op_type, const char* sums_op) {
  const KernelRegistry::Factory sums = *registry.find("", sums_op, 10);
  registry.add(kFusedDomain, op_type, 1,
               [=](const Node& node, int64_t) { return std::make_unique<Product>(node, sums_op, sums); });
}

}  // namespace

void registerQuantizedProduct(KernelRegistry& registry) {
  add(registry, "QConv", "ConvInteger");
  add(registry, "QMatMul", "MatMulInteger");
}

}  // namespace quant::reference
