// Elementwise operators of com.microsoft on 8-bit integers, and its QLinearConcat and QLinearSoftmax.
//
// Each gives exactly what DequantizeLinear -> operator -> QuantizeLinear give in this backend: an operand becomes the
// float (q - zero_point) * scale, the result is rounded to float, divided by its scale and rounded half to even.
#include <array>
#include <cmath>
#include <vector>

#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/quant_input.h"
#include "runtime/reference/register.h"
#include "runtime/reference/requantize.h"

namespace quant::reference {

namespace {

constexpr TypeList<uint8_t, int8_t> kQuantizedTypes;
constexpr const char* kMicrosoft = "com.microsoft";

/// Scale and zero point of a whole tensor.
struct Affine {
  float scale;
  int32_t zero_point;

  Affine(KernelContext& context, size_t scale_index)
      : scale(scalarScale(context, scale_index)), zero_point(scalarZeroPoint(context, scale_index + 1)) {}

  [[nodiscard]] float real(int32_t q) const { return static_cast<float>(q - zero_point) * scale; }
  template <class Q>
  [[nodiscard]] Quantizer<Q> quantizer() const {
    return Quantizer<Q>(static_cast<Q>(zero_point));
  }
  bool operator==(const Affine&) const = default;
};

/// Inputs a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point.
template <class F>
void runQLinearBinary(const char* op_type, KernelContext& context, F f) {
  requireOneType(op_type, context, {0, 3});
  const Affine a_params(context, 1), b_params(context, 4), y_params(context, 6);
  const bool channels_last = context.inputAsIs(0).shape() == context.inputAsIs(3).shape() &&
                             (context.inputAsIs(0).layout() == Layout::kChannelsLast ||
                              context.inputAsIs(3).layout() == Layout::kChannelsLast);
  const Layout layout = channels_last ? Layout::kChannelsLast : Layout::kPlain;
  const Tensor& a = context.inputAs(0, layout);
  const Tensor& b = context.inputAs(3, layout);
  Tensor& dst = context.output(0, a.type(), broadcastShapes(a.shape(), b.shape()), layout);
  withElementType(a.type(), kQuantizedTypes, op_type, [&](auto example) {
    using Q = decltype(example);
    broadcastBinary<Q, Q, Q>(a, b, dst, [=, quantizer = y_params.quantizer<Q>()](Q x, Q y) {
      return quantizer(f(a_params.real(x), b_params.real(y)) / y_params.scale);
    });
  });
}

template <class F>
void addQLinearBinary(KernelRegistry& registry, const char* op_type, F f) {
  registry.addFunction(kMicrosoft, op_type, 1,
                       [=](const Node&, KernelContext& context) { runQLinearBinary(op_type, context, f); });
}

/// What each of the 256 values of Q becomes, by its bits.
template <class Q>
using Table = std::array<Q, 256>;

template <class Q, class F>
Table<Q> tableOf(const Affine& x_params, const Affine& y_params, F f) {
  Table<Q> table{};
  const auto quantizer = y_params.quantizer<Q>();
  for (int32_t q = std::numeric_limits<Q>::min(); q <= std::numeric_limits<Q>::max(); ++q) {
    const auto y = static_cast<float>(f(static_cast<double>(x_params.real(q))));
    table[static_cast<uint8_t>(q)] = quantizer(y / y_params.scale);
  }
  return table;
}

/// Inputs x, x_scale, x_zero_point, y_scale, y_zero_point; `f` is a function of a real number.
template <class F>
void runQLinearMap(const char* op_type, KernelContext& context, F f) {
  const Tensor& src = context.inputAsIs(0);
  const Affine x_params(context, 1), y_params(context, 3);
  Tensor& dst = context.output(0, src.type(), src.shape(), src.layout());
  withElementType(src.type(), kQuantizedTypes, op_type, [&](auto example) {
    using Q = decltype(example);
    const Table<Q> table = tableOf<Q>(x_params, y_params, f);
    mapElements<Q, Q>(src, dst, [&table](Q q) { return table[static_cast<uint8_t>(q)]; });
  });
}

void qLinearSigmoid(const Node&, KernelContext& context) {
  runQLinearMap("QLinearSigmoid", context, [](double x) { return 1 / (1 + std::exp(-x)); });
}

void qLinearLeakyRelu(const Node& node, KernelContext& context) {
  const double alpha = node.attr("alpha", 0.01F);
  runQLinearMap("QLinearLeakyRelu", context, [alpha](double x) { return x < 0 ? alpha * x : x; });
}

/// True when all of QLinearConcat's tensors lie channels-last and are joined along the channels, which then are
/// neighbours in memory.
bool joinsChannelsLast(KernelContext& context, int64_t axis) {
  for (size_t i = 2; i < context.inputCount(); i += 3) {
    if (context.inputAsIs(i).layout() != Layout::kChannelsLast) return false;
  }
  return axis == 1;
}

/// The result's shape; throws (bad input) unless all tensors agree in the axes but `axis`.
Shape joinedShape(KernelContext& context, int64_t axis) {
  Shape joined = context.inputAsIs(2).shape();
  for (size_t i = 5; i < context.inputCount(); i += 3) {
    Shape shape = context.inputAsIs(i).shape();
    requireOneType("QLinearConcat", context, {2, i});
    const int64_t size = shape.size() == joined.size() ? shape[static_cast<size_t>(axis)] : 0;
    if (shape.size() == joined.size()) shape[static_cast<size_t>(axis)] = joined[static_cast<size_t>(axis)];
    if (shape != joined) {
      throwBadInput("QLinearConcat of shapes {} and {} along axis {}", toString(context.inputAsIs(2).shape()),
                    toString(context.inputAsIs(i).shape()), axis);
    }
    joined[static_cast<size_t>(axis)] += size;
  }
  return joined;
}

/// Inputs y_scale, y_zero_point, then (x, scale, zero_point) for each tensor.
void qLinearConcat(const Node& node, KernelContext& context) {
  if (context.inputCount() < 5) throwBadInput("QLinearConcat has {} inputs", context.inputCount());
  const Affine y_params(context, 0);
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{0}), context.inputAsIs(2).rank());
  const Layout layout = joinsChannelsLast(context, axis) ? Layout::kChannelsLast : Layout::kPlain;
  Tensor& dst = context.output(0, context.inputAsIs(2).type(), joinedShape(context, axis), layout);
  const int64_t joined = dst.shape()[static_cast<size_t>(axis)];
  const AxisView plain = viewAlong(dst.shape(), axis);
  const int64_t inner = layout == Layout::kPlain ? plain.inner : 1;
  const int64_t outer = layout == Layout::kPlain ? plain.outer : plain.outer * plain.inner;
  withElementType(dst.type(), kQuantizedTypes, "QLinearConcat", [&](auto example) {
    using Q = decltype(example);
    Q* to = dst.data<Q>().data();
    for (size_t i = 2; i < context.inputCount(); i += 3) {
      const Tensor& src = context.inputAs(i, layout);
      const Table<Q> table = tableOf<Q>(Affine(context, i + 1), y_params, [](double x) { return x; });
      const int64_t run = src.shape()[static_cast<size_t>(axis)] * inner;
      const Q* from = src.data<Q>().data();
      for (int64_t o = 0; o < outer; ++o, from += run) {
        std::transform(from, from + run, to + o * joined * inner, [&](Q q) { return table[static_cast<uint8_t>(q)]; });
      }
      to += run;
    }
  });
}

/// The attribute `opset` says by which version's rule the axes count.
AxisView softmaxView(const Node& node, const Shape& shape) {
  const auto rank = static_cast<int64_t>(shape.size());
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{-1}), rank);
  return node.attr("opset", int64_t{13}) < 13 ? viewAlong(shape, axis, rank) : viewAlong(shape, axis);
}

void qLinearSoftmax(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const Affine x_params(context, 1), y_params(context, 3);
  const AxisView view = softmaxView(node, src.shape());
  Tensor& dst = context.output(0, src.type(), src.shape());
  withElementType(src.type(), kQuantizedTypes, "QLinearSoftmax", [&](auto example) {
    using Q = decltype(example);
    const auto quantizer = y_params.quantizer<Q>();
    const Q* const from = src.data<Q>().data();
    Q* const to = dst.data<Q>().data();
    for (int64_t line = 0; line < view.lineCount(); ++line) {
      const int64_t start = view.lineStart(line);
      const auto at = [&](int64_t i) { return static_cast<double>(x_params.real(from[start + i * view.inner])); };
      double max = -std::numeric_limits<double>::infinity(), sum = 0;
      for (int64_t i = 0; i < view.size; ++i) max = largerOf(max, at(i));
      for (int64_t i = 0; i < view.size; ++i) sum += std::exp(at(i) - max);
      for (int64_t i = 0; i < view.size; ++i) {
        const auto y = static_cast<float>(std::exp(at(i) - max) / sum);
        to[start + i * view.inner] = quantizer(y / y_params.scale);
      }
    }
  });
}

}  // namespace

void registerQLinearElementwise(KernelRegistry& registry) {
  addQLinearBinary(registry, "QLinearAdd", [](float a, float b) { return a + b; });
  addQLinearBinary(registry, "QLinearMul", [](float a, float b) { return a * b; });
  registry.addFunction(kMicrosoft, "QLinearSigmoid", 1, qLinearSigmoid);
  registry.addFunction(kMicrosoft, "QLinearLeakyRelu", 1, qLinearLeakyRelu);
  registry.addFunction(kMicrosoft, "QLinearConcat", 1, qLinearConcat);
  registry.addFunction(kMicrosoft, "QLinearSoftmax", 1, qLinearSoftmax);
}

}  // namespace quant::reference
