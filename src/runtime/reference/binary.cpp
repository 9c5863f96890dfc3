// Arithmetic on two or more tensors with multidirectional broadcasting.
#include <cmath>
#include <string>
#include <vector>

#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

template <class Types, class F>
void addBinary(KernelRegistry& registry, const char* op_type, Types types, F f) {
  registry.addFunction(op_type, 1, [=](const Node&, KernelContext& context) { runBinary(op_type, types, context, f); });
}

/// Integers: towards zero; x / 0 is 0, where C++ would end the program.
template <class T>
T divide(T x, T y) {
  if constexpr (std::is_integral_v<T>) {
    if (y == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (y == -1) return wrapping(T{0}, x, [](auto zero, auto value) { return zero - value; });
    }
  }
  return static_cast<T>(x / y);
}

/// The remainder with the divisor's sign; x mod 0 is 0.
template <class T>
T floorMod(T x, T y) {
  if (y == 0 || (std::is_signed_v<T> && y == static_cast<T>(-1))) return 0;
  const auto remainder = static_cast<T>(x % y);
  return remainder != 0 && (remainder < 0) != (y < 0) ? static_cast<T>(remainder + y) : remainder;
}

/// The remainder with the dividend's sign; integer x mod 0 is 0.
template <class T>
T truncatedMod(T x, T y) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(x, y);
  } else {
    return y == 0 || (std::is_signed_v<T> && y == static_cast<T>(-1)) ? T{0} : static_cast<T>(x % y);
  }
}

void mod(const Node& node, KernelContext& context) {
  if (node.attr("fmod", int64_t{0}) != 0) {
    return runBinary("Mod", kNumericTypes, context, [](auto x, auto y) { return truncatedMod(x, y); });
  }
  if (isFloatingPoint(context.inputAsIs(0).type())) {
    throwBadInput("Mod of floating point numbers needs the attribute fmod = 1");
  }
  runBinary("Mod", kIntegerTypes, context, [](auto x, auto y) { return floorMod(x, y); });
}

/// x ^ n exactly, wrapping around; 1 / x ^ -n towards zero for negative n.
template <class T>
T integerPower(T x, int64_t n) {
  if (n < 0) return x == 1 ? T{1} : truncateTo<T>(std::pow(static_cast<double>(x), static_cast<double>(n)));
  T result = 1;
  for (; n > 0; n >>= 1) {
    const auto times = [](auto a, auto b) { return a * b; };
    if (n & 1) result = wrapping(result, x, times);
    x = wrapping(x, x, times);
  }
  return result;
}

template <class To>
Tensor convertTo(const Tensor& src) {
  Tensor dst(kDataTypeOf<To>, src.shape());
  withElementType(src.type(), kNumericTypes, "Pow", [&](auto example) {
    using T = decltype(example);
    mapElements<T, To>(src, dst, [](T x) { return elementCast<To>(x); });
  });
  return dst;
}

/// The exponent may be of another type than the base; the result has the base's.
void pow(const Node&, KernelContext& context) {
  const Tensor& base = context.input(0);
  const Tensor& exponent = context.input(1);
  Tensor& dst = context.output(0, base.type(), broadcastShapes(base.shape(), exponent.shape()));
  withElementType(base.type(), kNumericTypes, "Pow", [&](auto example) {
    using T = decltype(example);
    if constexpr (std::is_integral_v<T>) {
      if (!isFloatingPoint(exponent.type())) {
        const auto f = [](T x, int64_t n) { return integerPower(x, n); };
        return broadcastBinary<T, int64_t, T>(base, convertTo<int64_t>(exponent), dst, f);
      }
    }
    broadcastBinary<T, double, T>(base, convertTo<double>(exponent), dst,
                                  [](T x, double y) { return fromReal<T>(std::pow(elementCast<double>(x), y)); });
  });
}

void bitShift(const Node& node, KernelContext& context) {
  const std::string direction = node.attr("direction", "");
  if (direction == "LEFT") {
    runBinary("BitShift", kUnsignedTypes, context, [](auto x, auto by) {
      return by < 8 * sizeof(x) ? static_cast<decltype(x)>(static_cast<uint64_t>(x) << by) : decltype(x){0};
    });
  } else if (direction == "RIGHT") {
    runBinary("BitShift", kUnsignedTypes, context,
              [](auto x, auto by) { return by < 8 * sizeof(x) ? static_cast<decltype(x)>(x >> by) : decltype(x){0}; });
  } else {
    throwBadInput("attribute 'direction' of BitShift is '{}' instead of LEFT or RIGHT", direction);
  }
}

/// Folds any number of inputs: result = f(...f(f(input 0, input 1), input 2)...).
template <class F>
void addFold(KernelRegistry& registry, const char* op_type, F f) {
  registry.addFunction(op_type, 1, [=](const Node&, KernelContext& context) {
    requireOneType(op_type, context);
    const Layout layout = commonLayout(context);
    const DataType type = context.inputAsIs(0).type();
    Tensor& dst = context.output(0, type, broadcastInputs(context), layout);
    withElementType(type, kNumericTypes, op_type, [&](auto example) {
      using T = decltype(example);
      const auto f_of_elements = [f](T x, T y) {
        return elementCast<T>(f(elementCast<ComputeType<T>>(x), elementCast<ComputeType<T>>(y)));
      };
      const Tensor& first = context.inputAs(0, layout);
      broadcastBinary<T, T, T>(first, first, dst, [](T x, T) { return x; });
      for (size_t i = 1; i < context.inputCount(); ++i) {
        broadcastBinary<T, T, T>(dst, context.inputAs(i, layout), dst, f_of_elements);
      }
    });
  });
}

/// Sum or Mean of any number of inputs, added up in double.
void addUp(std::string_view op_type, bool is_mean, KernelContext& context) {
  requireOneType(op_type, context);
  const Layout layout = commonLayout(context);
  const DataType type = context.inputAsIs(0).type();
  Tensor& dst = context.output(0, type, broadcastInputs(context), layout);
  withElementType(type, kFloatTypes, op_type, [&](auto example) {
    using T = decltype(example);
    Tensor sum(DataType::kFloat64, dst.shape(), layout);
    std::fill_n(sum.data<double>().data(), sum.elementCount(), 0.0);
    for (size_t i = 0; i < context.inputCount(); ++i) {
      broadcastBinary<double, T, double>(sum, context.inputAs(i, layout), sum,
                                         [](double x, T y) { return x + elementCast<double>(y); });
    }
    const double divisor = is_mean ? static_cast<double>(context.inputCount()) : 1.0;
    mapElements<double, T>(sum, dst, [divisor](double x) { return elementCast<T>(x / divisor); });
  });
}

}  // namespace

void registerBinary(KernelRegistry& registry) {
  addBinary(registry, "Add", kNumericTypes,
            [](auto x, auto y) { return wrapping(x, y, [](auto a, auto b) { return a + b; }); });
  addBinary(registry, "Sub", kNumericTypes,
            [](auto x, auto y) { return wrapping(x, y, [](auto a, auto b) { return a - b; }); });
  addBinary(registry, "Mul", kNumericTypes,
            [](auto x, auto y) { return wrapping(x, y, [](auto a, auto b) { return a * b; }); });
  addBinary(registry, "Div", kNumericTypes, [](auto x, auto y) { return divide(x, y); });
  addBinary(registry, "BitwiseAnd", kIntegerTypes, [](auto x, auto y) { return static_cast<decltype(x)>(x & y); });
  addBinary(registry, "BitwiseOr", kIntegerTypes, [](auto x, auto y) { return static_cast<decltype(x)>(x | y); });
  addBinary(registry, "BitwiseXor", kIntegerTypes, [](auto x, auto y) { return static_cast<decltype(x)>(x ^ y); });
  addFold(registry, "Max", [](auto x, auto y) { return largerOf(x, y); });
  addFold(registry, "Min", [](auto x, auto y) { return smallerOf(x, y); });
  registry.addFunction("Pow", 1, pow);
  registry.addFunction("Mod", 10, mod);
  registry.addFunction("BitShift", 11, bitShift);
  registry.addFunction("Sum", 1, [](const Node&, KernelContext& context) { addUp("Sum", false, context); });
  registry.addFunction("Mean", 1, [](const Node&, KernelContext& context) { addUp("Mean", true, context); });
}

}  // namespace quant::reference
