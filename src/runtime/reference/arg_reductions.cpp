// ArgMax and ArgMin: positions along one axis.
#include <cmath>

#include "runtime/is_nan.h"
#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

/// The position of the element that `beats` all others. Among equals the first one, or the last one; a NaN beats
/// every number, as in numpy.
template <class T, class Beats>
int64_t bestPosition(const T* line, const AxisView& view, bool last, Beats beats) {
  int64_t best = 0;
  for (int64_t i = 1; i < view.size; ++i) {
    const auto x = elementCast<ComputeType<T>>(line[i * view.inner]);
    const auto champion = elementCast<ComputeType<T>>(line[best * view.inner]);
    if (isNan(champion) && !(last && isNan(x))) continue;
    if (isNan(x) || beats(x, champion) || (last && x == champion)) best = i;
  }
  return best;
}

template <class Beats>
void runArg(const char* op_type, const Node& node, KernelContext& context, Beats beats) {
  const Tensor& src = context.input(0);
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{0}), src.rank());
  const AxisView view = viewAlong(src.shape(), axis);
  if (view.size == 0 && view.lineCount() > 0) throwBadInput("{} along axis {}, which is empty", op_type, axis);
  const bool last = node.attr("select_last_index", int64_t{0}) != 0;
  Shape shape = src.shape();
  if (node.attr("keepdims", int64_t{1}) != 0) {
    shape[static_cast<size_t>(axis)] = 1;
  } else {
    shape.erase(shape.begin() + axis);
  }
  const auto positions = context.output(0, DataType::kInt64, shape).data<int64_t>();
  withElementType(src.type(), kNumericTypes, op_type, [&](auto example) {
    const auto elements = src.data<decltype(example)>();
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain)
    for (int64_t line = 0; line < view.lineCount(); ++line) {
      positions[static_cast<size_t>(line)] = bestPosition(elements.data() + view.lineStart(line), view, last, beats);
    }
  });
}

}  // namespace

void registerArgReductions(KernelRegistry& registry) {
  registry.addFunction("ArgMax", 1, [](const Node& node, KernelContext& context) {
    runArg("ArgMax", node, context, [](auto a, auto b) { return a > b; });
  });
  registry.addFunction("ArgMin", 1, [](const Node& node, KernelContext& context) {
    runArg("ArgMin", node, context, [](auto a, auto b) { return a < b; });
  });
}

}  // namespace quant::reference
