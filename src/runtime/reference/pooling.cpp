// MaxPool, AveragePool and LpPool over sliding windows, and MaxUnpool back.
#include <cmath>
#include <limits>

#include "runtime/is_nan.h"
#include "runtime/reference/axis_view.h"
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

/// The sizes of what MaxPool had before it, from what is left: pads and strides undone.
Shape unpooledShape(const Node& node, const Shape& pooled) {
  const Shape kernel = kernelShape(node, {});
  if (kernel.size() + 2 != pooled.size()) {
    throwBadInput("MaxUnpool of shape {} with a kernel of shape {}", toString(pooled), toString(kernel));
  }
  const auto strides = node.attr("strides", std::vector<int64_t>(kernel.size(), 1));
  const auto pads = node.attr("pads", std::vector<int64_t>(2 * kernel.size(), 0));
  Shape shape = pooled;
  for (size_t i = 0; i < kernel.size(); ++i) {
    shape[i + 2] = (pooled[i + 2] - 1) * strides[i] + kernel[i] - pads[i] - pads[i + kernel.size()];
  }
  return shape;
}

/// Where an index that counts through a tensor of shape `from` lies in a larger one of shape `to`.
int64_t placeIn(const Shape& to, const Shape& from, int64_t index) {
  int64_t place = 0, stride = 1;
  for (size_t axis = from.size(); axis-- > 0;) {
    place += index % from[axis] * stride;
    index /= from[axis];
    stride *= to[axis];
  }
  return place;
}

/// Zeros, with each element where its index says.
void maxUnpool(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const auto indices = context.input(1).data<int64_t>();
  const Shape counted = unpooledShape(node, src.shape());
  const Shape shape = context.has(2) ? elementsAs<int64_t>(context.input(2)) : counted;
  const int64_t last = elementCount(counted);
  const bool fits =
      shape.size() == counted.size() && std::equal(counted.begin(), counted.end(), shape.begin(), std::less_equal<>());
  if (!fits || static_cast<int64_t>(indices.size()) != src.elementCount()) {
    throwBadInput("MaxUnpool of shape {} with {} indices to shape {}", toString(src.shape()), indices.size(),
                  toString(shape));
  }
  Tensor& dst = context.output(0, src.type(), shape);
  withElementType(src.type(), kFloatTypes, "MaxUnpool", [&](auto example) {
    using T = decltype(example);
    std::ranges::fill(dst.data<T>(), T{});
    for (size_t i = 0; i < indices.size(); ++i) {
      if (indices[i] < 0 || indices[i] >= last) throwBadInput("MaxUnpool has the index {} of {}", indices[i], last);
      dst.data<T>()[static_cast<size_t>(placeIn(shape, counted, indices[i]))] = src.data<T>()[i];
    }
  });
}

}  // namespace

void registerPooling(KernelRegistry& registry) {
  registry.addFunction("MaxPool", 1, maxPool);
  registry.addFunction("AveragePool", 1, averagePool);
  registry.addFunction("LpPool", 1, lpPool);
  registry.addFunction("MaxUnpool", 9, maxUnpool);
}

}  // namespace quant::reference
