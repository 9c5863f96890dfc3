// The fused operators of lowering as the nodes they are made of: for element types, shapes and empty tensors that the
// fast kernels decline.
//
//   FusedConv, FusedConvTranspose, FusedGemm   activation(op(inputs 0 to 2) + residual)
//   FusedMatMul                                activation(A x B + addend + residual)
#include <algorithm>

#include "runtime/lowering/lowering.h"
#include "runtime/reference/activation_functions.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

constexpr size_t kMostInputs = 4;

class Fused final : public Kernel {
 public:
  /// `base_inputs` of the inputs belong to the operator `base_op`; the others are added.
  Fused(const Node& node, const char* base_op, const KernelRegistry::Factory& base, size_t base_inputs)
      : base_node_(baseNode(node, base_op)), base_(base(base_node_, 1)), base_inputs_(base_inputs) {
    const std::string name = node.attr("activation", "");
    if (name.empty()) return;
    activation_ = activationFunction(name, node.attr("activation_alpha", 0.0F), node.attr("activation_beta", 0.0F));
  }

  void run(KernelContext& context) override {
    KernelContext base = context.withInputs(base_inputs_);
    base_->run(base);
    Tensor result = convertLayout(base.results()[0].value(), Layout::kPlain);
    for (size_t i = base_inputs_; i < std::min(context.inputCount(), kMostInputs); ++i) {
      if (context.has(i)) add(context.input(i), result);
    }
    if (activation_) activate(result);
    context.setOutput(0, std::move(result));
  }

 private:
  static onnx::NodeProto baseNode(const Node& node, const char* base_op) {
    onnx::NodeProto proto = node.proto();
    proto.set_op_type(base_op);
    proto.clear_domain();
    return proto;
  }

  static void add(const Tensor& addend, Tensor& result) {
    withElementType(result.type(), kFloatTypes, "Add", [&](auto example) {
      using T = decltype(example);
      broadcastBinary<T, T, T>(result, addend, result, [](T x, T y) {
        return elementCast<T>(elementCast<ComputeType<T>>(x) + elementCast<ComputeType<T>>(y));
      });
    });
  }

  void activate(Tensor& result) const {
    withElementType(result.type(), kFloatTypes, "an activation", [&](auto example) {
      using T = decltype(example);
      const auto& f = activation_;
      mapElements<T, T>(result, result, [&f](T x) { return fromReal<T>(f(elementCast<double>(x))); });
    });
  }

  Node base_node_;
  std::unique_ptr<Kernel> base_;
  size_t base_inputs_;
  std::function<double(double)> activation_;  // empty: none
};

void add(KernelRegistry& registry, const char* op_type, const char* base_op, size_t base_inputs) {
  const KernelRegistry::Factory base = *registry.find("", base_op, 1);
  registry.add(kFusedDomain, op_type, 1,
               [=](const Node& node, int64_t) { return std::make_unique<Fused>(node, base_op, base, base_inputs); });
}

}  // namespace

void registerFused(KernelRegistry& registry) {
  add(registry, "FusedConv", "Conv", 3);
  add(registry, "FusedConvTranspose", "ConvTranspose", 3);
  add(registry, "FusedGemm", "Gemm", 3);
  add(registry, "FusedMatMul", "MatMul", 2);
}

}  // namespace quant::reference
