// QuantizeLinear, DequantizeLinear (ONNX's and com.microsoft's) and DynamicQuantizeLinear.
//
//   y = saturate(round half to even(x / scale) + zero_point)      x' = (y - zero_point) * scale
//
// in float, except that int32 is divided in double, as numpy does it.
// Integers of less than a byte are computed with as bytes of a narrower range, floats of one as floats.
#include <algorithm>

#include "core/narrow_float.h"
#include "core/packed.h"
#include "core/quant_params.h"
#include "runtime/reference/axis_view.h"
#include "runtime/reference/dynamic_quantization.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"
#include "runtime/reference/requantize.h"

namespace quant::reference {

namespace {

constexpr TypeList<uint8_t, int8_t, uint16_t, int16_t> kQuantizedTypes;
constexpr TypeList<float, Float16, BFloat16> kRealTypes;

/// The same numbers in a type that arithmetic is done on.
Tensor computable(const Tensor& stored) {
  if (isNarrowFloat(stored.type())) return decodeNarrowFloats(stored);
  return isPacked(stored.type()) ? unpack(stored) : stored.alias();
}

/// Which scale and zero point each element of a tensor has.
struct ScaleView {
  AxisView view;        ///< the tensor, around the axis
  int64_t block = 1;    ///< elements along the axis that share a scale
  int64_t scales = 1;   ///< scales along the axis
  bool repeats = true;  ///< the same scales for every outer and inner index
  Layout layout = Layout::kPlain;

  /// Calls visit(begin, end, scale index, scale step) for runs of elements in memory order, in parallel; the step is
  /// 1 where neighbouring elements have neighbouring scales, else 0.
  template <class Visit>
  void forEachRun(Visit visit) const {
    const bool along_axis = view.inner == 1 && block == 1;
    const bool step = along_axis || !repeats;
    const int64_t length = along_axis ? view.size : view.inner;
    const int64_t runs = length == 0 ? 0 : view.outer * view.size * view.inner / length;
    if (runs == 1) {
      return parallelRange(length, [&](int64_t begin, int64_t end) { visit(begin, end, step ? begin : 0, step); });
    }
#pragma omp parallel for schedule(static) if (runs * length > kParallelGrain)
    for (int64_t run = 0; run < runs; ++run) {
      const int64_t outer = along_axis ? run : run / view.size;
      const int64_t scale = (repeats ? 0 : outer * scales) + (along_axis ? 0 : run % view.size / block);
      visit(run * length, (run + 1) * length, repeats ? scale : scale * view.inner, step);
    }
  }
};

void requireShape(const Node& node, const Shape& scale, const Shape& shape, bool fits) {
  if (fits) return;
  throwBadInput("the scale of {}, of shape {}, does not fit a tensor of shape {}", node.opType(), toString(scale),
                toString(shape));
}

ScaleView scaleViewOf(const Node& node, const Tensor& src, const Shape& scale) {
  ScaleView result;
  if (elementCount(scale) == 1 && scale.size() <= 1) {  // the whole tensor
    result.view.inner = src.elementCount();
    result.layout = src.layout();
    return result;
  }
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{1}), src.rank());
  const int64_t size = src.shape()[static_cast<size_t>(axis)];
  result.view = viewAlong(src.shape(), axis);
  if (scale.size() == 1) {  // one for each index along the axis
    requireShape(node, scale, src.shape(), scale[0] == size);
    result.scales = size;
    if (src.layout() == Layout::kChannelsLast && axis == 1) {
      result.layout = Layout::kChannelsLast;
      result.view = {size == 0 ? 0 : src.elementCount() / size, size, 1};
    }
    return result;
  }
  result.block = node.attr("block_size", int64_t{0});
  if (result.block < 1) throwBadInput("{} with a scale of shape {} needs block_size", node.opType(), toString(scale));
  Shape expected = src.shape();
  expected[static_cast<size_t>(axis)] = (size + result.block - 1) / result.block;
  requireShape(node, scale, src.shape(), scale == expected);
  result.scales = expected[static_cast<size_t>(axis)];
  result.repeats = false;
  return result;
}

/// The type that a QuantizeLinear node writes: its zero point's, else output_dtype, else uint8.
DataType quantizedType(const Node& node, KernelContext& context) {
  if (context.has(2)) return context.inputAsIs(2).type();
  const auto type = static_cast<DataType>(node.attr("output_dtype", int64_t{0}));
  return type == DataType::kUndefined ? DataType::kUInt8 : type;
}

/// Zero points as numbers of type Q; zeros when absent.
template <class Q>
std::vector<Q> zeroPoints(KernelContext& context, size_t count) {
  if (!context.has(2)) return std::vector<Q>(count, Q{0});
  std::vector<Q> values = elementsAs<Q>(computable(context.input(2)));
  if (values.size() != count) throwBadInput("{} scales, but {} zero points", count, values.size());
  return values;
}

/// int32 is divided in double, everything else in float.
template <class Real>
using Quotient = std::conditional_t<std::is_same_v<Real, int32_t>, double, float>;

template <class Real, class Q>
void quantize(const Tensor& src, const ScaleView& view, const std::vector<float>& scales, const std::vector<Q>& zeros,
              QuantLimits limits, Tensor& dst) {
  const Real* const x = src.data<Real>().data();
  Q* const y = dst.data<Q>().data();
  view.forEachRun([&](int64_t begin, int64_t end, int64_t scale, bool step) {
    const auto at = static_cast<size_t>(scale);
    if (step) {
      for (int64_t i = begin; i < end; ++i) {
        const size_t own = at + static_cast<size_t>(i - begin);
        y[i] = Quantizer<Q>(zeros[own], limits.low, limits.high)(elementCast<Quotient<Real>>(x[i]) / scales[own]);
      }
      return;
    }
    const Quantizer<Q> quantizer(zeros[at], limits.low, limits.high);
    const Quotient<Real> divisor = scales[at];
    for (int64_t i = begin; i < end; ++i) y[i] = quantizer(elementCast<Quotient<Real>>(x[i]) / divisor);
  });
}

/// What dividing gives when every number is one of type Real.
template <class Real>
float quotient(float x, float scale) {
  return elementCast<float>(
      elementCast<Real>(elementCast<float>(elementCast<Real>(x)) / elementCast<float>(elementCast<Real>(scale))));
}

/// x / scale + offset as float, divided in the type that the attribute `precision` names (float without it).
Tensor quotients(const Node& node, const Tensor& src, const ScaleView& view, const std::vector<float>& scales,
                 const std::vector<float>& offsets) {
  auto precision = static_cast<DataType>(node.attr("precision", int64_t{0}));
  if (precision == DataType::kUndefined) precision = DataType::kFloat32;
  Tensor result(DataType::kFloat32, src.shape(), view.layout);
  const auto y = result.data<float>();
  withElementType(src.type(), kRealTypes + TypeList<int32_t>{}, "QuantizeLinear", [&](auto real) {
    const auto x = src.data<decltype(real)>();
    withElementType(precision, kRealTypes, "QuantizeLinear (precision)", [&](auto divided) {
      view.forEachRun([&](int64_t begin, int64_t end, int64_t scale, bool step) {
        for (int64_t i = begin; i < end; ++i) {
          const auto own = static_cast<size_t>(scale + (step ? i - begin : 0));
          const auto at = static_cast<size_t>(i);
          y[at] = quotient<decltype(divided)>(elementCast<float>(x[at]), scales[own]) + offsets[own];
        }
      });
    });
  });
  return result;
}

void quantizeToNarrowFloat(const Node& node, DataType type, const ScaleView& view, const std::vector<float>& scales,
                           KernelContext& context) {
  const auto overflow = node.attr("saturate", int64_t{1}) != 0 ? Overflow::kSaturate : Overflow::kSpecial;
  const auto offsets = zeroPoints<float>(context, scales.size());
  const Tensor scaled = quotients(node, context.inputAs(0, view.layout), view, scales, offsets);
  context.setOutput(0, encodeNarrowFloats(scaled, type, overflow));
}

void quantizeToInteger(const Node& node, DataType type, const ScaleView& view, std::vector<float> scales,
                       KernelContext& context) {
  Tensor src = context.inputAs(0, view.layout).alias();
  if (node.attr("precision", int64_t{0}) != 0) {
    src = quotients(node, src, view, scales, std::vector<float>(scales.size(), 0.0F));
    std::ranges::fill(scales, 1.0F);
  }
  withElementType(unpackedType(type), kQuantizedTypes, "QuantizeLinear", [&](auto quantized) {
    using Q = decltype(quantized);
    const auto zeros = zeroPoints<Q>(context, scales.size());
    Tensor& dst = context.output(0, unpackedType(type), src.shape(), view.layout);
    withElementType(src.type(), kRealTypes + TypeList<int32_t>{}, "QuantizeLinear", [&](auto real) {
      quantize<decltype(real), Q>(src, view, scales, zeros, storageLimits(type), dst);
    });
    if (isPacked(type)) context.setOutput(0, pack(dst, type));
  });
}

void quantizeLinear(const Node& node, KernelContext& context) {
  const DataType type = quantizedType(node, context);
  const Tensor& scale = context.input(1);
  // What lies packed is always row-major.
  const ScaleView view = scaleViewOf(node, isPacked(type) ? context.input(0) : context.inputAsIs(0), scale.shape());
  const auto scales = elementsAs<float>(computable(scale));
  if (isNarrowFloat(type)) return quantizeToNarrowFloat(node, type, view, scales, context);
  quantizeToInteger(node, type, view, scales, context);
}

/// q - zero_point; integers in 32 bits, where int32 itself wraps around.
template <class Q>
float difference(Q q, Q zero_point) {
  if constexpr (std::is_same_v<Q, float>) {
    return q - zero_point;
  } else {
    return static_cast<float>(wrapping<int32_t>(q, zero_point, std::minus<>()));
  }
}

template <class Q, class Real>
void dequantize(const Tensor& src, const ScaleView& view, const std::vector<float>& scales, const std::vector<Q>& zeros,
                Tensor& dst) {
  const Q* const x = src.data<Q>().data();
  Real* const y = dst.data<Real>().data();
  view.forEachRun([&](int64_t begin, int64_t end, int64_t scale, bool step) {
    const auto at = static_cast<size_t>(scale);
    if (step) {
      for (int64_t i = begin; i < end; ++i) {
        const size_t own = at + static_cast<size_t>(i - begin);
        y[i] = elementCast<Real>(difference(x[i], zeros[own]) * scales[own]);
      }
      return;
    }
    const Q zero = zeros[at];
    const float factor = scales[at];
    for (int64_t i = begin; i < end; ++i) y[i] = elementCast<Real>(difference(x[i], zero) * factor);
  });
}

void dequantizeLinear(const Node& node, KernelContext& context) {
  const Tensor& scale = context.input(1);
  const ScaleView view = scaleViewOf(node, context.inputAsIs(0), scale.shape());
  if (context.inputAsIs(0).type() == DataType::kFloat32) {
    throwUnsupported("operator DequantizeLinear does not run on element type float");
  }
  const Tensor src = computable(context.inputAs(0, view.layout));
  const auto scales = elementsAs<float>(computable(scale));
  const auto wanted = static_cast<DataType>(node.attr("output_dtype", int64_t{0}));
  const DataType type = wanted == DataType::kUndefined ? scale.type() : wanted;
  withElementType(src.type(), kQuantizedTypes + TypeList<int32_t, float>{}, "DequantizeLinear", [&](auto quantized) {
    using Q = decltype(quantized);
    const auto zeros = zeroPoints<Q>(context, scales.size());
    Tensor& dst = context.output(0, type, src.shape(), view.layout);
    withElementType(type, kRealTypes, "DequantizeLinear",
                    [&](auto real) { dequantize<Q, decltype(real)>(src, view, scales, zeros, dst); });
  });
}

void dynamicQuantizeLinear(const Node&, KernelContext& context) {
  requireType("DynamicQuantizeLinear", context, 0, DataType::kFloat32);
  auto [integers, params] = quantizeDynamically(context.inputAsIs(0));
  context.setOutput(0, std::move(integers));
  context.setOutput(1, Tensor::scalar(params.scale));
  context.setOutput(2, Tensor::scalar(params.zero_point));
}

}  // namespace

DynamicParams dynamicParams(DynamicRange range) {
  const float scale = range.high == range.low ? 1.0F : (range.high - range.low) / 255;
  return {scale, Quantizer<uint8_t>(0)(-range.low / scale)};
}

DynamicallyQuantized quantizeDynamically(const Tensor& src) {
  DynamicRange range;
  for (const float value : src.data<float>()) {
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
  }
  DynamicallyQuantized quantized{Tensor(DataType::kUInt8, src.shape(), src.layout()), dynamicParams(range)};
  const Quantizer<uint8_t> to_integer(quantized.params.zero_point);
  mapElements<float, uint8_t>(src, quantized.integers,
                              [=, scale = quantized.params.scale](float value) { return to_integer(value / scale); });
  return quantized;
}

void registerQuantizeLinear(KernelRegistry& registry) {
  for (const char* domain : {"", "com.microsoft"}) {
    registry.addFunction(domain, "QuantizeLinear", 1, quantizeLinear);
    registry.addFunction(domain, "DequantizeLinear", 1, dequantizeLinear);
  }
  registry.addFunction("DynamicQuantizeLinear", 11, dynamicQuantizeLinear);
}

}  // namespace quant::reference
