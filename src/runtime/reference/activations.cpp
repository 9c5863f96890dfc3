// Activation functions, most of them with parameters. All are evaluated in double and rounded once.
#include <algorithm>
#include <cmath>
#include <functional>

#include "runtime/reference/activation_functions.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// A function of a number without parameters.
template <class F>
void addPlain(KernelRegistry& registry, const char* op_type, F f) {
  registry.addFunction(op_type, 1,
                       [=](const Node&, KernelContext& context) { runRealMap(op_type, kFloatTypes, context, f); });
}

/// A function f(x, p) of a number and one attribute.
template <class F>
void addWithParameter(KernelRegistry& registry, const char* op_type, const char* attribute, float fallback, F f) {
  registry.addFunction(op_type, 1, [=](const Node& node, KernelContext& context) {
    const double parameter = node.attr(attribute, fallback);
    runRealMap(op_type, kFloatTypes, context, [=](double x) { return f(x, parameter); });
  });
}

void selu(const Node& node, KernelContext& context) {
  const double alpha = node.attr("alpha", 1.67326319217681884765625F);
  const double gamma = node.attr("gamma", 1.05070102214813232421875F);
  runRealMap("Selu", kFloatTypes, context, [=](double x) { return gamma * (x > 0 ? x : alpha * std::expm1(x)); });
}

void runHardSigmoid(const Node& node, KernelContext& context) {
  const double alpha = node.attr("alpha", 0.2F), beta = node.attr("beta", 0.5F);
  runRealMap("HardSigmoid", kFloatTypes, context, [=](double x) { return hardSigmoid(x, alpha, beta); });
}

void runGelu(const Node& node, KernelContext& context) {
  const std::string approximate = node.attr("approximate", "none");
  if (approximate == "none") {
    runRealMap("Gelu", kFloatTypes, context, gelu);
  } else if (approximate == "tanh") {
    runRealMap("Gelu", kFloatTypes, context, geluTanh);
  } else {
    throwBadInput("attribute 'approximate' is '{}', but Gelu knows only 'none' and 'tanh'", approximate);
  }
}

void shrink(const Node& node, KernelContext& context) {
  const double lambd = node.attr("lambd", 0.5F), bias = node.attr("bias", 0.0F);
  runRealMap("Shrink", kNumericTypes, context, [=](double x) {
    return x < -lambd ? x + bias : x > lambd ? x - bias : 0.0;
  });
}

/// dst = x < 0 ? slope * x : x, with `slope` broadcast.
void prelu(const Tensor& src, const Tensor& slope, Tensor& dst) {
  withElementType(src.type(), kNumericTypes, "PRelu", [&](auto example) {
    using T = decltype(example);
    broadcastBinary<T, T, T>(src, slope, dst, [](T x, T s) {
      const auto number = elementCast<ComputeType<T>>(x), factor = elementCast<ComputeType<T>>(s);
      return number < 0 ? elementCast<T>(wrapping(number, factor, std::multiplies<>())) : x;
    });
  });
}

void preluByBroadcast(const Node&, KernelContext& context) {
  requireOneType("PRelu", context);
  const Tensor& src = context.input(0);
  prelu(src, context.input(1), context.output(0, src.type(), src.shape()));
}

/// Before opset 7 a slope of one axis has one element for each channel.
void preluByChannel(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const Tensor& slope = context.input(1);
  requireOneType("PRelu", context);
  if (slope.rank() != 1 || slope.elementCount() == 1 || src.rank() < 2) return preluByBroadcast(node, context);
  Shape shape(static_cast<size_t>(src.rank() - 1), 1);
  shape[0] = slope.elementCount();
  prelu(src, slope.alias(shape), context.output(0, src.type(), src.shape()));
}

/// Clip's limit at input `index`: absent means none.
template <class T>
ComputeType<T> limitAt(KernelContext& context, size_t index, T none) {
  const Tensor* limit = context.optionalInput(index);
  if (!limit || limit->elementCount() == 0) return elementCast<ComputeType<T>>(none);
  return elementCast<ComputeType<T>>(limit->data<T>()[0]);
}

template <class T>
void clip(KernelContext& context, ComputeType<T> low, ComputeType<T> high) {
  // Where low > high, high wins, as in numpy.
  runMap("Clip", TypeList<T>{}, context, [=](auto x) {
    const auto raised = x < low ? low : x;
    return raised > high ? high : raised;
  });
}

void clipByInputs(const Node&, KernelContext& context) {
  requireOneType("Clip", context);
  withElementType(context.inputAsIs(0).type(), kNumericTypes, "Clip", [&](auto example) {
    using T = decltype(example);
    using Limits = std::numeric_limits<ComputeType<T>>;
    constexpr bool kHasInfinity = Limits::has_infinity;
    const auto none_low = elementCast<T>(kHasInfinity ? -Limits::infinity() : Limits::lowest());
    const auto none_high = elementCast<T>(kHasInfinity ? Limits::infinity() : Limits::max());
    clip<T>(context, limitAt<T>(context, 1, none_low), limitAt<T>(context, 2, none_high));
  });
}

void clipByAttributes(const Node& node, KernelContext& context) {
  const float low = node.attr("min", std::numeric_limits<float>::lowest());
  const float high = node.attr("max", std::numeric_limits<float>::max());
  withElementType(context.inputAsIs(0).type(), kFloatTypes, "Clip", [&](auto example) {
    using T = decltype(example);
    clip<T>(context, low, high);
  });
}

}  // namespace

void registerActivations(KernelRegistry& registry) {
  addPlain(registry, "Sigmoid", sigmoid);
  addPlain(registry, "Softplus", softplus);
  addPlain(registry, "Softsign", [](double x) { return x / (1 + std::abs(x)); });
  addPlain(registry, "Mish", [](double x) { return x * std::tanh(softplus(x)); });
  addPlain(registry, "HardSwish", hardSwish);
  addWithParameter(registry, "LeakyRelu", "alpha", 0.01F, leakyRelu);
  addWithParameter(registry, "Elu", "alpha", 1, elu);
  addWithParameter(registry, "Celu", "alpha", 1,
                   [](double x, double alpha) { return x < 0 ? alpha * std::expm1(x / alpha) : x; });
  addWithParameter(registry, "ThresholdedRelu", "alpha", 1, [](double x, double alpha) { return x > alpha ? x : 0; });
  addWithParameter(registry, "Swish", "alpha", 1, swish);
  registry.addFunction("Selu", 1, selu);
  registry.addFunction("HardSigmoid", 1, runHardSigmoid);
  registry.addFunction("Gelu", 20, runGelu);
  registry.addFunction("com.microsoft", "Gelu", 1, runGelu);
  registry.addFunction("Shrink", 9, shrink);
  registry.addFunction("PRelu", 1, preluByChannel);
  registry.addFunction("PRelu", 7, preluByBroadcast);
  registry.addFunction("Clip", 1, clipByAttributes);
  registry.addFunction("Clip", 11, clipByInputs);
}

}  // namespace quant::reference
