// CumSum.
#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

void cumulativeSum(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const bool exclusive = node.attr("exclusive", int64_t{0}) != 0, reverse = node.attr("reverse", int64_t{0}) != 0;
  const auto axis = elementsAs<int64_t>(context.input(1));
  if (axis.size() != 1) throwBadInput("the axis of CumSum is a tensor of {} elements instead of one", axis.size());
  const AxisView view = viewAlong(src.shape(), normalizeAxis(axis[0], src.rank()));
  Tensor& dst = context.output(0, src.type(), src.shape());
  withElementType(src.type(), kNumericTypes, "CumSum", [&](auto example) {
    using T = decltype(example);
    const T* const from = src.data<T>().data();
    T* const to = dst.data<T>().data();
    for (int64_t line = 0; line < view.lineCount(); ++line) {
      SumType<T> sum = 0;
      for (int64_t step = 0; step < view.size; ++step) {
        const int64_t i = view.lineStart(line) + (reverse ? view.size - 1 - step : step) * view.inner;
        const auto longer = wrapping(sum, elementCast<SumType<T>>(from[i]), std::plus<>());
        to[i] = elementCast<T>(exclusive ? sum : longer);
        sum = longer;
      }
    }
  });
}

}  // namespace

void registerCumulativeSum(KernelRegistry& registry) { registry.addFunction("CumSum", 11, cumulativeSum); }

}  // namespace quant::reference
