#pragma once

#include <cmath>
#include <limits>
#include <string_view>
#include <type_traits>

#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/is_nan.h"
#include "runtime/kernel.h"
#include "runtime/reference/input_types.h"

namespace quant::reference {

/// The layout in which an elementwise operator should read its inputs: as they lie when they all have one shape and
/// one of them is channels-last, else row-major.
Layout commonLayout(KernelContext& context);

/// The shape that all inputs broadcast to.
Shape broadcastInputs(KernelContext& context);

/// The integer nearest to zero from `x`, within T's limits; 0 for NaN.
template <class T>
T truncateTo(double x) {
  constexpr auto kLow = static_cast<double>(std::numeric_limits<T>::min());
  constexpr auto kHigh = static_cast<double>(std::numeric_limits<T>::max());
  if (std::isnan(x)) return 0;
  if (x <= kLow) return std::numeric_limits<T>::min();
  if (x >= kHigh) return std::numeric_limits<T>::max();
  return static_cast<T>(x);
}

/// A real number as an element of type T; integers as `truncateTo` does it.
template <class T>
T fromReal(double x) {
  if constexpr (std::is_integral_v<T>) {
    return truncateTo<T>(x);
  } else {
    return elementCast<T>(x);
  }
}

/// dst[i] = f(src[i]), for tensors of one shape and layout.
template <class In, class Out, class F>
void mapElements(const Tensor& src, Tensor& dst, F f) {
  const In* const from = src.data<In>().data();
  Out* const to = dst.data<Out>().data();
  parallelRange(src.elementCount(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) to[i] = f(from[i]);
  });
}

/// Runs `f` over input 0, elements of `types`, as numbers of their ComputeType; output 0 has the same type.
template <class Types, class F>
void runMap(std::string_view op_type, Types types, KernelContext& context, F f) {
  const Tensor& src = context.inputAsIs(0);
  withElementType(src.type(), types, op_type, [&](auto example) {
    using T = decltype(example);
    Tensor& dst = context.output(0, src.type(), src.shape(), src.layout());
    mapElements<T, T>(src, dst, [f](T x) { return elementCast<T>(f(elementCast<ComputeType<T>>(x))); });
  });
}

/// The same for functions of real numbers, which are evaluated in double.
template <class Types, class F>
void runRealMap(std::string_view op_type, Types types, KernelContext& context, F f) {
  runMap(op_type, types, context, [f](auto x) { return fromReal<decltype(x)>(f(static_cast<double>(x))); });
}

/// output 0 = f(input 0, input 1) with broadcasting, on elements of `types` as numbers of their ComputeType.
template <class Types, class F>
void runBinary(std::string_view op_type, Types types, KernelContext& context, F f) {
  requireOneType(op_type, context, {0, 1});
  const Layout layout = commonLayout(context);
  const Tensor& a = context.inputAs(0, layout);
  const Tensor& b = context.inputAs(1, layout);
  withElementType(a.type(), types, op_type, [&](auto example) {
    using T = decltype(example);
    using Compute = ComputeType<T>;
    Tensor& dst = context.output(0, a.type(), broadcastShapes(a.shape(), b.shape()), layout);
    broadcastBinary<T, T, T>(
        a, b, dst, [f](T x, T y) { return elementCast<T>(f(elementCast<Compute>(x), elementCast<Compute>(y))); });
  });
}

/// The unsigned type in which arithmetic on the integer T wraps around without C++ calling it undefined.
template <class T>
using WrapType = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

/// f(x, y) in T, where integers wrap around.
template <class T, class F>
T wrapping(T x, T y, F f) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(f(static_cast<WrapType<T>>(x), static_cast<WrapType<T>>(y)));
  } else {
    return f(x, y);
  }
}

/// The larger or smaller of two numbers; NaN wins.
template <class T>
T largerOf(T a, T b) {
  return a > b || isNan(a) ? a : b;
}
template <class T>
T smallerOf(T a, T b) {
  return a < b || isNan(a) ? a : b;
}

}  // namespace quant::reference
