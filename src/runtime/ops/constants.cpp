// Operators that make tensors from attributes and a few numbers.

#include <cmath>

#include "graph/tensor_proto.h"
#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"
#include "runtime/ops/strided_copy.h"

namespace quant {

namespace {

// --- Constant
// ----------------------------------------------------------------------------------------------------------

Tensor constantOf(const Node& node) {
  if (const auto* value = node.findAttr("value")) return tensorFromProto(value->t());
  if (node.hasAttr("value_int")) return Tensor::scalar(node.attr("value_int", int64_t{0}));
  if (node.hasAttr("value_float")) return Tensor::scalar(node.attr("value_float", 0.0F));
  if (node.hasAttr("value_ints")) {
    const auto values = node.attr("value_ints", std::vector<int64_t>{});
    return Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values);
  }
  if (node.hasAttr("value_floats")) {
    const auto values = node.attr("value_floats", std::vector<float>{});
    return Tensor::of<float>({static_cast<int64_t>(values.size())}, values);
  }
  throwUnsupported("Constant with a value that is neither a dense tensor nor numbers (node '{}')", node.label());
}

class ConstantKernel final : public Kernel {
 public:
  explicit ConstantKernel(const Node& node) : value_(constantOf(node)) {}
  void run(KernelContext& context) override { context.setOutput(0, value_.alias()); }

 private:
  Tensor value_;
};

// --- ConstantOfShape, EyeLike
// ------------------------------------------------------------------------------------------

void constantOfShape(const Node& node, KernelContext& context) {
  Shape shape = toInts(context.input(0));
  for (const int64_t size : shape) {
    if (size < 0) throwBadInput("ConstantOfShape of shape {}, which has a negative size", toString(shape));
  }
  const auto* attribute = node.findAttr("value");
  const Tensor value = attribute ? tensorFromProto(attribute->t()) : Tensor::scalar(0.0F);
  requireCount("ConstantOfShape's value", static_cast<size_t>(value.elementCount()), 1);
  fill(context.output(0, value.type(), std::move(shape)), value.bytes());
}

void eyeLike(const Node& node, KernelContext& context) {
  const Tensor& like = context.inputAsIs(0);
  if (like.rank() != 2) throwBadInput("EyeLike of shape {}, expected a matrix", toString(like.shape()));
  const int64_t rows = like.shape()[0], columns = like.shape()[1], k = node.attr("k", int64_t{0});
  const auto type = static_cast<DataType>(node.attr("dtype", static_cast<int64_t>(like.type())));
  Tensor& eye = context.output(0, type, like.shape());
  withElementType(type, kAllTypes, "EyeLike", [&](auto example) {
    using T = decltype(example);
    const auto data = eye.data<T>();
    std::ranges::fill(data, elementCast<T>(0));
    for (int64_t row = std::max<int64_t>(0, -k); row < rows && row + k < columns; ++row) {
      data[static_cast<size_t>(row * columns + row + k)] = elementCast<T>(1);
    }
  });
}

// --- Range
// -------------------------------------------------------------------------------------------------------------

template <class T>
int64_t stepsBetween(T start, T limit, T delta) {
  if (delta == T{0}) throwBadInput("Range with a step of 0");
  if (delta > T{0} ? start >= limit : start <= limit) return 0;
  if constexpr (std::is_floating_point_v<T>) {
    const double steps =
        std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta));
    if (!(steps < 0x1p40))
      throwBadInput("Range from {} to {} in steps of {} has no sensible length", start, limit, delta);
    return static_cast<int64_t>(steps);
  } else {
    // Unsigned, because the distance of two int64 may not fit one.
    const uint64_t distance = delta > 0 ? static_cast<uint64_t>(limit) - static_cast<uint64_t>(start)
                                        : static_cast<uint64_t>(start) - static_cast<uint64_t>(limit);
    const uint64_t step = delta > 0 ? static_cast<uint64_t>(delta) : -static_cast<uint64_t>(delta);
    return static_cast<int64_t>((distance - 1) / step + 1);
  }
}

template <class T>
T scalarAt(KernelContext& context, size_t index) {
  const Tensor& tensor = context.input(index);
  requireCount("an input of Range", static_cast<size_t>(tensor.elementCount()), 1);
  return tensor.data<T>().front();
}

void range(const Node&, KernelContext& context) {
  const DataType type = context.input(0).type();
  withElementType(type, kNumericTypes, "Range", [&](auto example) {
    using T = decltype(example);
    using Compute = ComputeType<T>;
    const auto start = elementCast<Compute>(scalarAt<T>(context, 0));
    const auto limit = elementCast<Compute>(scalarAt<T>(context, 1));
    const auto delta = elementCast<Compute>(scalarAt<T>(context, 2));
    const int64_t count = stepsBetween(start, limit, delta);
    const auto data = context.output(0, type, {count}).template data<T>();
    for (int64_t i = 0; i < count; ++i) {
      data[static_cast<size_t>(i)] = elementCast<T>(static_cast<Compute>(start + static_cast<Compute>(i) * delta));
    }
  });
}

}  // namespace

void registerConstantOps(KernelRegistry& registry) {
  registry.add("Constant", 1, [](const Node& node, int64_t) { return std::make_unique<ConstantKernel>(node); });
  registry.addFunction("ConstantOfShape", 9, constantOfShape);
  registry.addFunction("EyeLike", 9, eyeLike);
  registry.addFunction("Range", 11, range);
}

}  // namespace quant
