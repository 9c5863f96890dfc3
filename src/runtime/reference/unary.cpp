// Functions of one number, without parameters, and the tests for NaN and infinity.
#include <cmath>
#include <cstdlib>

#include "runtime/is_nan.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

template <class T>
T negate(T x) {
  return wrapping(T{0}, x, [](auto zero, auto value) { return zero - value; });
}

/// Functions whose result is exact, or rounded once, in the element type itself.
template <class Types, class F>
void addExact(KernelRegistry& registry, const char* op_type, Types types, F f) {
  registry.addFunction(op_type, 1, [=](const Node&, KernelContext& context) { runMap(op_type, types, context, f); });
}

/// Functions evaluated in double.
template <class F>
void addReal(KernelRegistry& registry, const char* op_type, F f) {
  registry.addFunction(op_type, 1,
                       [=](const Node&, KernelContext& context) { runRealMap(op_type, kFloatTypes, context, f); });
}

void registerExact(KernelRegistry& registry) {
  constexpr auto kSignedNumbers = kFloatTypes + kSignedTypes;
  addExact(registry, "Abs", kNumericTypes, [](auto x) {
    if constexpr (std::is_floating_point_v<decltype(x)>) {
      return std::abs(x);
    } else {
      return x < 0 ? negate(x) : x;
    }
  });
  addExact(registry, "Neg", kSignedNumbers, [](auto x) {
    if constexpr (std::is_floating_point_v<decltype(x)>) {
      return -x;
    } else {
      return negate(x);
    }
  });
  addExact(registry, "Sign", kNumericTypes, [](auto x) {
    using T = decltype(x);
    return isNan(x) ? x : static_cast<T>((x > 0) - (x < 0));
  });
  addExact(registry, "Relu", kSignedNumbers, [](auto x) { return x < 0 ? decltype(x){0} : x; });
  addExact(registry, "Ceil", kFloatTypes, [](auto x) { return std::ceil(x); });
  addExact(registry, "Floor", kFloatTypes, [](auto x) { return std::floor(x); });
  addExact(registry, "Round", kFloatTypes, [](auto x) { return std::nearbyint(x); });
  addExact(registry, "Sqrt", kFloatTypes, [](auto x) { return std::sqrt(x); });
  addExact(registry, "Reciprocal", kFloatTypes, [](auto x) { return 1 / x; });
  addExact(registry, "Not", kBoolTypes, [](bool x) { return !x; });
  addExact(registry, "BitwiseNot", kIntegerTypes, [](auto x) { return static_cast<decltype(x)>(~x); });
}

void registerReal(KernelRegistry& registry) {
  addReal(registry, "Exp", [](double x) { return std::exp(x); });
  addReal(registry, "Log", [](double x) { return std::log(x); });
  addReal(registry, "Sin", [](double x) { return std::sin(x); });
  addReal(registry, "Cos", [](double x) { return std::cos(x); });
  addReal(registry, "Tan", [](double x) { return std::tan(x); });
  addReal(registry, "Asin", [](double x) { return std::asin(x); });
  addReal(registry, "Acos", [](double x) { return std::acos(x); });
  addReal(registry, "Atan", [](double x) { return std::atan(x); });
  addReal(registry, "Sinh", [](double x) { return std::sinh(x); });
  addReal(registry, "Cosh", [](double x) { return std::cosh(x); });
  addReal(registry, "Tanh", [](double x) { return std::tanh(x); });
  addReal(registry, "Asinh", [](double x) { return std::asinh(x); });
  addReal(registry, "Acosh", [](double x) { return std::acosh(x); });
  addReal(registry, "Atanh", [](double x) { return std::atanh(x); });
  registry.addFunction("Erf", 1, [](const Node&, KernelContext& context) {
    runRealMap("Erf", kNumericTypes, context, [](double x) { return std::erf(x); });
  });
}

template <class Test>
void runTest(std::string_view op_type, KernelContext& context, Test test) {
  const Tensor& src = context.inputAsIs(0);
  withElementType(src.type(), kFloatTypes, op_type, [&](auto example) {
    using T = decltype(example);
    Tensor& dst = context.output(0, DataType::kBool, src.shape(), src.layout());
    mapElements<T, bool>(src, dst, [test](T x) { return test(elementCast<ComputeType<T>>(x)); });
  });
}

void isNaN(const Node&, KernelContext& context) {
  runTest("IsNaN", context, [](auto x) { return std::isnan(x); });
}

void isInf(const Node& node, KernelContext& context) {
  const bool positive = node.attr("detect_positive", int64_t{1}) != 0;
  const bool negative = node.attr("detect_negative", int64_t{1}) != 0;
  runTest("IsInf", context, [=](auto x) { return std::isinf(x) && (x > 0 ? positive : negative); });
}

}  // namespace

void registerUnary(KernelRegistry& registry) {
  registerExact(registry);
  registerReal(registry);
  registry.addFunction("IsNaN", 9, isNaN);
  registry.addFunction("IsInf", 10, isInf);
}

}  // namespace quant::reference
