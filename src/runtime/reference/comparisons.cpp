// Comparisons and logic on two tensors with multidirectional broadcasting; the result is bool.
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

template <class Types, class F>
void addComparison(KernelRegistry& registry, const char* op_type, Types types, F f) {
  registry.addFunction(op_type, 1, [=](const Node&, KernelContext& context) {
    requireOneType(op_type, context, {0, 1});
    const Layout layout = commonLayout(context);
    const Tensor& a = context.inputAs(0, layout);
    const Tensor& b = context.inputAs(1, layout);
    withElementType(a.type(), types, op_type, [&](auto example) {
      using T = decltype(example);
      using Compute = ComputeType<T>;
      Tensor& dst = context.output(0, DataType::kBool, broadcastShapes(a.shape(), b.shape()), layout);
      broadcastBinary<T, T, bool>(a, b, dst,
                                  [f](T x, T y) { return f(elementCast<Compute>(x), elementCast<Compute>(y)); });
    });
  });
}

}  // namespace

void registerComparisons(KernelRegistry& registry) {
  addComparison(registry, "Equal", kAllTypes, [](auto x, auto y) { return x == y; });
  addComparison(registry, "Greater", kNumericTypes, [](auto x, auto y) { return x > y; });
  addComparison(registry, "GreaterOrEqual", kNumericTypes, [](auto x, auto y) { return x >= y; });
  addComparison(registry, "Less", kNumericTypes, [](auto x, auto y) { return x < y; });
  addComparison(registry, "LessOrEqual", kNumericTypes, [](auto x, auto y) { return x <= y; });
  addComparison(registry, "And", kBoolTypes, [](bool x, bool y) { return x && y; });
  addComparison(registry, "Or", kBoolTypes, [](bool x, bool y) { return x || y; });
  addComparison(registry, "Xor", kBoolTypes, [](bool x, bool y) { return x != y; });
}

}  // namespace quant::reference
