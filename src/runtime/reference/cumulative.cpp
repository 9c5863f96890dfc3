// CumSum and CumProd.
#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

/// Each element becomes what `join` makes of all up to it (before it, where the node says `exclusive`), from `first`
/// on.
template <class Join>
void accumulate(const Node& node, KernelContext& context, int first, Join join) {
  const Tensor& src = context.input(0);
  const bool exclusive = node.attr("exclusive", int64_t{0}) != 0, reverse = node.attr("reverse", int64_t{0}) != 0;
  const auto axis = elementsAs<int64_t>(context.input(1));
  if (axis.size() != 1) {
    throwBadInput("the axis of {} is a tensor of {} elements instead of one", node.opType(), axis.size());
  }
  const AxisView view = viewAlong(src.shape(), normalizeAxis(axis[0], src.rank()));
  Tensor& dst = context.output(0, src.type(), src.shape());
  withElementType(src.type(), kNumericTypes, node.opType(), [&](auto example) {
    using T = decltype(example);
    const T* const from = src.data<T>().data();
    T* const to = dst.data<T>().data();
    for (int64_t line = 0; line < view.lineCount(); ++line) {
      auto total = static_cast<SumType<T>>(first);
      for (int64_t step = 0; step < view.size; ++step) {
        const int64_t i = view.lineStart(line) + (reverse ? view.size - 1 - step : step) * view.inner;
        const auto longer = wrapping(total, elementCast<SumType<T>>(from[i]), join);
        to[i] = elementCast<T>(exclusive ? total : longer);
        total = longer;
      }
    }
  });
}

void cumulativeSum(const Node& node, KernelContext& context) { accumulate(node, context, 0, std::plus<>()); }

void cumulativeProduct(const Node& node, KernelContext& context) { accumulate(node, context, 1, std::multiplies<>()); }

}  // namespace

void registerCumulative(KernelRegistry& registry) {
  registry.addFunction("CumSum", 11, cumulativeSum);
  registry.addFunction("CumProd", 26, cumulativeProduct);
}

}  // namespace quant::reference
