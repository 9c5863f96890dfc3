// Operators of 16-bit floats: computed in float by oneDNN's kernels, stored in the type of their inputs.
#include <deque>

#include "core/half_conversion.h"
#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

constexpr TypeList<Float16, BFloat16> kHalves;

bool isHalf(DataType type) { return type == DataType::kFloat16 || type == DataType::kBFloat16; }

Tensor toFloat(const Tensor& half) {
  Tensor result(DataType::kFloat32, half.shape(), half.layout());
  withElementType(half.type(), kHalves, "(half)", [&](auto example) {
    const auto from = half.data<decltype(example)>();
    const auto to = result.data<float>();
    parallelRange(half.elementCount(), [&](int64_t begin, int64_t end) {
      const auto first = static_cast<size_t>(begin), count = static_cast<size_t>(end - begin);
      convertFromHalf(from.subspan(first, count), to.subspan(first, count));
    });
  });
  return result;
}

void toHalf(const Tensor& floats, Tensor& half) {
  withElementType(half.type(), kHalves, "(half)", [&](auto example) {
    const auto from = floats.data<float>();
    const auto to = half.data<decltype(example)>();
    parallelRange(floats.elementCount(), [&](int64_t begin, int64_t end) {
      const auto first = static_cast<size_t>(begin), count = static_cast<size_t>(end - begin);
      convertToHalf(from.subspan(first, count), to.subspan(first, count));
    });
  });
}

/// Hands inputs of 16 bits to the float kernel as float, and rounds what it gives once. What is derived from constants
/// is kept, as the float kernel keeps what it derives from those.
class HalfThroughFloat final : public Kernel {
 public:
  explicit HalfThroughFloat(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}

  void run(KernelContext& context) override {
    const DataType type = context.inputAsIs(0).type();
    if (!isHalf(type)) return kernel_->run(context);
    std::vector<bool> wanted;
    for (size_t i = 0; i < context.outputCount(); ++i) wanted.push_back(context.wants(i));
    KernelContext inner(floatInputs(context), context.outputCount(), wanted);
    kernel_->run(inner);
    for (size_t i = 0; i < context.outputCount(); ++i) store(context, i, type, inner.results()[i]);
    for (size_t i = 0; i < values_.size(); ++i) {
      if (!context.isConstant(i)) values_[i].clear();
    }
  }

 private:
  std::vector<KernelContext::Value*> floatInputs(const KernelContext& context) {
    values_.resize(context.inputCount());
    is_kept_.resize(context.inputCount(), false);
    std::vector<KernelContext::Value*> inputs;
    for (size_t i = 0; i < context.inputCount(); ++i) {
      inputs.push_back(context.has(i) ? &values_[i] : nullptr);
      if (!context.has(i) || is_kept_[i]) continue;
      const Tensor& given = context.inputAsIs(i);
      values_[i] = {isHalf(given.type()) ? toFloat(given) : given.alias(), {}, {}, context.isConstant(i)};
      is_kept_[i] = context.isConstant(i);
    }
    return inputs;
  }

  /// Only the first output has the type of the inputs: the others are statistics in float or indices.
  static void store(KernelContext& context, size_t index, DataType type, std::optional<Tensor>& result) {
    if (!result) return;
    if (index > 0 || result->type() != DataType::kFloat32) return context.setOutput(index, std::move(*result));
    toHalf(*result, context.output(index, type, result->shape(), result->layout()));
  }

  std::unique_ptr<Kernel> kernel_;
  std::deque<KernelContext::Value> values_;  // where they are, so that kernels may refer to them
  std::vector<bool> is_kept_;
};

/// Operators that are slow enough for the way through float to pay.
constexpr const char* kOperators[] = {
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Clip",
    "Conv",
    "ConvTranspose",
    "Div",
    "Elu",
    "Erf",
    "Exp",
    "Gelu",
    "Gemm",
    "GlobalMaxPool",
    "HardSigmoid",
    "GlobalAveragePool",
    "GroupNormalization",
    "HardSwish",
    "LRN",
    "InstanceNormalization",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "MatMul",
    "Max",
    "MaxPool",
    "Min",
    "Mul",
    "PRelu",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "Relu",
    "Resize",
    "RMSNormalization",
    "Sigmoid",
    "Softmax",
    "Sqrt",
    "SimplifiedLayerNormalization",
    "Sub",
    "Sum",
    "Swish",
    "Tanh",
};

void wrap(KernelRegistry& registry, std::string_view domain, std::string_view op_type) {
  if (registry.versions(domain, op_type).empty()) return;
  wrapKernel(registry, domain, op_type, [](KernelRegistry::Factory other) -> KernelRegistry::Factory {
    return [other = std::move(other)](const Node& node, int64_t opset) -> std::unique_ptr<Kernel> {
      return std::make_unique<HalfThroughFloat>(other(node, opset));
    };
  });
}

}  // namespace

void registerHalfThroughFloat(KernelRegistry& registry) {
  for (const char* op_type : kOperators) wrap(registry, "", op_type);
  for (const char* op_type : {"FusedConv", "FusedConvTranspose", "FusedGemm", "FusedMatMul"}) {
    wrap(registry, "quantize", op_type);
  }
  for (const char* op_type : {"Gelu", "SimplifiedLayerNormalization"}) wrap(registry, "com.microsoft", op_type);
}

}  // namespace quant::onednn
