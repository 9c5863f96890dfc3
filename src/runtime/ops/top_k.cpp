#include <omp.h>

#include <algorithm>
#include <cmath>

#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"

namespace quant {

namespace {

template <class T>
struct Ranked {
  T value;
  int64_t index;
};

/// A total order: NaN counts as larger than every number.
template <class T>
bool isLess(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
  }
  return a < b;
}

template <class T>
auto ordering(bool largest) {
  return [largest](const Ranked<T>& a, const Ranked<T>& b) {
    if (largest ? isLess(b.value, a.value) : isLess(a.value, b.value)) return true;
    if (largest ? isLess(a.value, b.value) : isLess(b.value, a.value)) return false;
    return a.index < b.index;
  };
}

template <class T>
void topOfLine(const T* src, T* values, int64_t* indices, int64_t step, int64_t k, bool largest,
               std::vector<Ranked<ComputeType<T>>>& line) {
  for (size_t i = 0; i < line.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    line[i] = {static_cast<ComputeType<T>>(src[at * step]), at};
  }
  std::partial_sort(line.begin(), line.begin() + k, line.end(), ordering<ComputeType<T>>(largest));
  for (int64_t i = 0; i < k; ++i) {
    indices[i * step] = line[static_cast<size_t>(i)].index;
    values[i * step] = src[indices[i * step] * step];
  }
}

void topK(const Node& node, KernelContext& context, int64_t k) {
  const Tensor& src = context.input(0);
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{-1}), src.rank());
  const bool largest = node.attr("largest", int64_t{1}) != 0;
  const AxisSplit split = splitAt(src.shape(), axis);
  const int64_t size = split.size, inner = split.inner;
  if (k < 0 || k > size) throwBadInput("TopK of {} elements along an axis of size {}", k, size);
  Shape shape = src.shape();
  shape[static_cast<size_t>(axis)] = k;
  Tensor& values = context.output(0, src.type(), shape);
  Tensor& indices = context.output(1, DataType::kInt64, shape);
  withElementType(src.type(), kNumericTypes, "TopK", [&](auto example) {
    using T = decltype(example);
    const T* const from = src.data<T>().data();
    T* const values_data = values.data<T>().data();
    int64_t* const indices_data = indices.data<int64_t>().data();
#pragma omp parallel if (src.elementCount() > kParallelGrain)
    {
      std::vector<Ranked<ComputeType<T>>> line(static_cast<size_t>(size));
#pragma omp for schedule(static)
      for (int64_t i = 0; i < split.outer * inner; ++i) {
        const int64_t o = i / inner, within = i % inner, to = o * k * inner + within;
        topOfLine(from + o * size * inner + within, values_data + to, indices_data + to, inner, k, largest, line);
      }
    }
  });
}

void topKByAttribute(const Node& node, KernelContext& context) { topK(node, context, node.attr("k", int64_t{-1})); }

void topKByInput(const Node& node, KernelContext& context) {
  const auto k = toInts(context.input(1));
  requireCount("TopK's K", k.size(), 1);
  topK(node, context, k[0]);
}

}  // namespace

void registerTopKOps(KernelRegistry& registry) {
  registry.addFunction("TopK", 1, topKByAttribute);
  registry.addFunction("TopK", 10, topKByInput);
}

}  // namespace quant
