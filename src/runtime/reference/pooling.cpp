// MaxPool, AveragePool and LpPool over sliding windows.
#include <cmath>
#include <limits>

#include "runtime/is_nan.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/pooling.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

/// dst = pool(plane, window, tap range) for every plane and output position; sums and powers in double.
template <class T, class PoolOne>
void runPool(const Tensor& src, const Window& window, Tensor& dst, PoolOne pool_one) {
  const T* const from = src.data<T>().data();
  T* const to = dst.data<T>().data();
  forEachWindow(src.shape()[0] * src.shape()[1], window, [&](int64_t plane, int64_t at, const Taps& taps) {
    to[plane * window.outSize() + at] = elementCast<T>(pool_one(from + plane * window.inSize(), taps));
  });
}

void averagePool(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const Window window = slidingWindow(node, src.shape(), kernelShape(node, {}));
  const bool count_padding = node.attr("count_include_pad", int64_t{0}) != 0;
  Tensor& dst = context.output(0, src.type(), window.outShape(src.shape()[0], src.shape()[1]));
  withElementType(src.type(), kFloatTypes, "AveragePool", [&](auto example) {
    using T = decltype(example);
    runPool<T>(src, window, dst, [&](const T* plane, const Taps& taps) {
      double sum = 0;
      taps.forEach([&](int64_t i) { sum += elementCast<double>(plane[i]); });
      return sum / static_cast<double>(count_padding ? taps.paddedCount() : taps.count());
    });
  });
}

void lpPool(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const Window window = slidingWindow(node, src.shape(), kernelShape(node, {}));
  const auto p = static_cast<double>(node.attr("p", int64_t{2}));
  Tensor& dst = context.output(0, src.type(), window.outShape(src.shape()[0], src.shape()[1]));
  withElementType(src.type(), kFloatTypes, "LpPool", [&](auto example) {
    using T = decltype(example);
    runPool<T>(src, window, dst, [&](const T* plane, const Taps& taps) {
      double sum = 0;
      taps.forEach([&](int64_t i) { sum += std::pow(std::abs(elementCast<double>(plane[i])), p); });
      return std::pow(sum, 1 / p);
    });
  });
}

/// The place of element `i` of a row-major plane when its first axis runs fastest.
int64_t columnMajor(int64_t i, const Window& window) {
  const int64_t w = i % window.width().in, h = i / window.width().in % window.height().in;
  const int64_t d = i / window.width().in / window.height().in;
  return d + window.depth().in * (h + window.height().in * w);
}

void maxPool(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const Window window = slidingWindow(node, src.shape(), kernelShape(node, {}));
  const bool column_major = node.attr("storage_order", int64_t{0}) != 0;
  const Shape shape = window.outShape(src.shape()[0], src.shape()[1]);
  Tensor& dst = context.output(0, src.type(), shape);
  // Indices count through the whole tensor, not through each plane.
  int64_t* const indices =
      context.outputCount() > 1 ? context.output(1, DataType::kInt64, shape).data<int64_t>().data() : nullptr;
  withElementType(src.type(), kFloatTypes + TypeList<int8_t, uint8_t>{}, "MaxPool", [&](auto example) {
    using T = decltype(example);
    const T* const from = src.data<T>().data();
    T* const to = dst.data<T>().data();
    forEachWindow(src.shape()[0] * src.shape()[1], window, [&](int64_t plane, int64_t at, const Taps& taps) {
      using Compute = ComputeType<T>;
      const T* const elements = from + plane * window.inSize();
      int64_t best = -1;
      auto max = std::numeric_limits<Compute>::lowest();
      taps.forEach([&](int64_t i) {
        const auto x = elementCast<Compute>(elements[i]);
        if (best >= 0 && (isNan(max) || !(x > max || isNan(x)))) return;
        max = x;
        best = i;
      });
      const int64_t position = plane * window.outSize() + at;
      to[position] = elementCast<T>(max);
      if (indices) indices[position] = plane * window.inSize() + (column_major ? columnMajor(best, window) : best);
    });
  });
}

}  // namespace

void registerPooling(KernelRegistry& registry) {
  registry.addFunction("MaxPool", 1, maxPool);
  registry.addFunction("AveragePool", 1, averagePool);
  registry.addFunction("LpPool", 1, lpPool);
}

}  // namespace quant::reference
