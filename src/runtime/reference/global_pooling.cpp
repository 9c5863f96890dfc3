// GlobalAveragePool, GlobalMaxPool and GlobalLpPool: each plane becomes one element.
#include <algorithm>
#include <cmath>
#include <span>

#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

/// output = pool(elements of one plane) for every sample and channel.
template <class Pool>
void runGlobalPool(std::string_view op_type, KernelContext& context, Pool pool) {
  const Tensor& src = context.input(0);
  if (src.rank() < 3) throwBadInput("{} of a tensor of shape {}", op_type, toString(src.shape()));
  Shape shape = src.shape();
  std::fill(shape.begin() + 2, shape.end(), 1);
  Tensor& dst = context.output(0, src.type(), shape);
  const int64_t planes = dst.elementCount(), size = planes == 0 ? 0 : src.elementCount() / planes;
  if (size == 0 && planes > 0) throwBadInput("{} of an empty tensor of shape {}", op_type, toString(src.shape()));
  withElementType(src.type(), kFloatTypes, op_type, [&](auto example) {
    using T = decltype(example);
    const T* const from = src.data<T>().data();
    T* const to = dst.data<T>().data();
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain)
    for (int64_t plane = 0; plane < planes; ++plane) {
      to[plane] = elementCast<T>(pool(std::span(from + plane * size, static_cast<size_t>(size))));
    }
  });
}

double average(const auto& elements) {
  double sum = 0;
  for (const auto x : elements) sum += elementCast<double>(x);
  return sum / static_cast<double>(elements.size());
}

double maximum(const auto& elements) {
  double max = elementCast<double>(elements[0]);
  for (const auto x : elements) max = largerOf(max, elementCast<double>(x));
  return max;
}

double norm(const auto& elements, double p) {
  double sum = 0;
  for (const auto x : elements) sum += std::pow(std::abs(elementCast<double>(x)), p);
  return std::pow(sum, 1 / p);
}

void globalAveragePool(const Node&, KernelContext& context) {
  runGlobalPool("GlobalAveragePool", context, [](const auto& elements) { return average(elements); });
}

void globalMaxPool(const Node&, KernelContext& context) {
  runGlobalPool("GlobalMaxPool", context, [](const auto& elements) { return maximum(elements); });
}

void globalLpPool(const Node& node, KernelContext& context) {
  const auto p = static_cast<double>(node.attr("p", int64_t{2}));
  runGlobalPool("GlobalLpPool", context, [p](const auto& elements) { return norm(elements, p); });
}

}  // namespace

void registerGlobalPooling(KernelRegistry& registry) {
  registry.addFunction("GlobalAveragePool", 1, globalAveragePool);
  registry.addFunction("GlobalMaxPool", 1, globalMaxPool);
  registry.addFunction("GlobalLpPool", 1, globalLpPool);
}

}  // namespace quant::reference
