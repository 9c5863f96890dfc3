// Softmax, LogSoftmax and Hardmax. Before opset 13 they work on all axes from `axis` on as if they were one; from then
// on along `axis` alone.
#include <cmath>

#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

AxisView coercedView(const Node& node, const Shape& shape) {
  const auto rank = static_cast<int64_t>(shape.size());
  const int64_t axis = node.attr("axis", int64_t{1});
  return viewAlong(shape, axis == rank ? rank : normalizeAxis(axis, rank), rank);
}

AxisView axisView(const Node& node, const Shape& shape) {
  const auto rank = static_cast<int64_t>(shape.size());
  return viewAlong(shape, normalizeAxis(node.attr("axis", int64_t{-1}), rank));
}

/// One line of the tensor along the axis, `step` apart.
template <class T>
struct Line {
  const T* src;
  T* dst;
  int64_t size, step;

  [[nodiscard]] double at(int64_t i) const { return elementCast<double>(src[i * step]); }
  void set(int64_t i, double value) const { dst[i * step] = elementCast<T>(value); }
  [[nodiscard]] double max() const {
    double result = at(0);
    for (int64_t i = 1; i < size; ++i) result = largerOf(result, at(i));
    return result;
  }
  [[nodiscard]] double sumOfExp(double max) const {
    double sum = 0;
    for (int64_t i = 0; i < size; ++i) sum += std::exp(at(i) - max);
    return sum;
  }
};

void softmax(const auto& line) {
  const double max = line.max(), sum = line.sumOfExp(max);
  for (int64_t i = 0; i < line.size; ++i) line.set(i, std::exp(line.at(i) - max) / sum);
}

void logSoftmax(const auto& line) {
  const double max = line.max(), log_sum = std::log(line.sumOfExp(max));
  for (int64_t i = 0; i < line.size; ++i) line.set(i, line.at(i) - max - log_sum);
}

/// 1 for the first of the largest elements, 0 for all others.
void hardmax(const auto& line) {
  int64_t best = 0;
  for (int64_t i = 0; i < line.size; ++i) {
    if (line.at(i) > line.at(best)) best = i;
  }
  for (int64_t i = 0; i < line.size; ++i) line.set(i, i == best ? 1 : 0);
}

/// Registers `f`, which fills one line, for both rules.
template <class F>
void addLineFunction(KernelRegistry& registry, const char* op_type, F f) {
  const auto run = [=](AxisView (*view_of)(const Node&, const Shape&), const Node& node, KernelContext& context) {
    const Tensor& src = context.input(0);
    const AxisView view = view_of(node, src.shape());
    Tensor& dst = context.output(0, src.type(), src.shape());
    if (src.elementCount() == 0) return;
    withElementType(src.type(), kFloatTypes, op_type, [&](auto example) {
      using T = decltype(example);
      const T* const from = src.data<T>().data();
      T* const to = dst.data<T>().data();
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain / 8)
      for (int64_t line = 0; line < view.lineCount(); ++line) {
        const int64_t start = view.lineStart(line);
        f(Line<T>{from + start, to + start, view.size, view.inner});
      }
    });
  };
  registry.addFunction(op_type, 1, [=](const Node& node, KernelContext& c) { run(coercedView, node, c); });
  registry.addFunction(op_type, 13, [=](const Node& node, KernelContext& c) { run(axisView, node, c); });
}

}  // namespace

void registerSoftmax(KernelRegistry& registry) {
  addLineFunction(registry, "Softmax", [](const auto& line) { softmax(line); });
  addLineFunction(registry, "LogSoftmax", [](const auto& line) { logSoftmax(line); });
  addLineFunction(registry, "Hardmax", [](const auto& line) { hardmax(line); });
}

}  // namespace quant::reference
