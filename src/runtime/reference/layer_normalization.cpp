// Normalizations of transformers: over the last axes of each sample, or over groups of channels.
#include <cmath>
#include <vector>

#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/moments.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

/// Fills `dst` with f(normalized, scale, shift) where `normalized` are doubles of src's shape and the parameters
/// broadcast to it; `shift` may be null.
void scaleAndShift(const Tensor& normalized, const Tensor& scale, const Tensor* shift, Tensor& dst) {
  Tensor scaled(DataType::kFloat64, normalized.shape());
  withElementType(scale.type(), kFloatTypes, "(scale)", [&](auto example) {
    using S = decltype(example);
    broadcastBinary<double, S, double>(normalized, scale, scaled,
                                       [](double x, S s) { return x * elementCast<double>(s); });
    if (!shift) return;
    broadcastBinary<double, S, double>(scaled, *shift, scaled,
                                       [](double x, S s) { return x + elementCast<double>(s); });
  });
  withElementType(dst.type(), kFloatTypes, "(result)", [&](auto example) {
    using T = decltype(example);
    mapElements<double, T>(scaled, dst, [](double x) { return elementCast<T>(x); });
  });
}

/// Sizes before `axis`, then ones: the shape of statistics over the axes from `axis` on.
Shape statisticsShape(Shape shape, int64_t axis) {
  std::fill(shape.begin() + axis, shape.end(), 1);
  return shape;
}

void layerNormalization(const Node& node, KernelContext& context) {
  requireOneType("LayerNormalization", context, {1, 2});
  const Tensor& src = context.input(0);
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{-1}), src.rank());
  const double epsilon = node.attr("epsilon", 1e-5F);
  const AxisView view = viewAlong(src.shape(), axis, src.rank());
  const std::vector<double> x = elementsAs<double>(src);
  Tensor normalized(DataType::kFloat64, src.shape());
  Tensor mean(DataType::kFloat32, statisticsShape(src.shape(), axis)), inverse(mean.type(), mean.shape());
  const auto y = normalized.data<double>();
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain)
  for (int64_t line = 0; line < view.outer; ++line) {
    const auto start = static_cast<size_t>(line * view.size);
    const Moments moments = momentsOf(view.size, [&](int64_t i) { return x[start + static_cast<size_t>(i)]; });
    const double factor = 1 / std::sqrt(moments.variance + epsilon);
    for (size_t i = start; i < start + static_cast<size_t>(view.size); ++i) y[i] = (x[i] - moments.mean) * factor;
    mean.data<float>()[static_cast<size_t>(line)] = static_cast<float>(moments.mean);
    inverse.data<float>()[static_cast<size_t>(line)] = static_cast<float>(factor);
  }
  if (context.wants(1)) context.setOutput(1, std::move(mean));
  if (context.wants(2)) context.setOutput(2, std::move(inverse));
  Tensor& dst = context.output(0, src.type(), src.shape());
  scaleAndShift(normalized, context.input(1), context.optionalInput(2), dst);
}

/// y = x / sqrt(mean(x²) + epsilon) * scale; onnxruntime's SimplifiedLayerNormalization also gives the factor.
void rmsNormalization(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{-1}), src.rank());
  const double epsilon = node.attr("epsilon", 1e-5F);
  const AxisView view = viewAlong(src.shape(), axis, src.rank());
  const std::vector<double> x = elementsAs<double>(src);
  Tensor normalized(DataType::kFloat64, src.shape());
  Tensor inverse(DataType::kFloat32, statisticsShape(src.shape(), axis));
  const auto y = normalized.data<double>();
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain)
  for (int64_t line = 0; line < view.outer; ++line) {
    const auto start = static_cast<size_t>(line * view.size), end = start + static_cast<size_t>(view.size);
    double sum = 0;
    for (size_t i = start; i < end; ++i) sum += x[i] * x[i];
    const double factor = 1 / std::sqrt(sum / static_cast<double>(view.size) + epsilon);
    for (size_t i = start; i < end; ++i) y[i] = x[i] * factor;
    inverse.data<float>()[static_cast<size_t>(line)] = static_cast<float>(factor);
  }
  if (context.wants(1)) context.setOutput(1, std::move(inverse));
  Tensor& dst = context.output(0, src.type(), src.shape());
  scaleAndShift(normalized, context.input(1), nullptr, dst);
}

/// A parameter with one element for each of C channels, or (opset 18) each of G groups, as [C, 1, 1, ...].
Tensor perChannel(const Tensor& parameter, int64_t channels, int64_t rank) {
  const int64_t count = parameter.elementCount();
  if (count == 0 || channels % count != 0) {
    throwBadInput("GroupNormalization of {} channels has a parameter of shape {}", channels,
                  toString(parameter.shape()));
  }
  const std::vector<double> values = elementsAs<double>(parameter);
  Shape shape(static_cast<size_t>(rank - 1), 1);
  shape[0] = channels;
  Tensor result(DataType::kFloat64, shape);
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    result.data<double>()[c] = values[c * static_cast<size_t>(count) / static_cast<size_t>(channels)];
  }
  return result;
}

void groupNormalization(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const int64_t groups = node.attr("num_groups", int64_t{0});
  if (src.rank() < 2 || groups < 1 || src.shape()[1] % groups != 0) {
    throwBadInput("GroupNormalization of a tensor of shape {} in {} groups", toString(src.shape()), groups);
  }
  const double epsilon = node.attr("epsilon", 1e-5F);
  const int64_t lines = src.shape()[0] * groups, size = lines == 0 ? 0 : src.elementCount() / lines;
  const std::vector<double> x = elementsAs<double>(src);
  Tensor normalized(DataType::kFloat64, src.shape());
  const auto y = normalized.data<double>();
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain)
  for (int64_t line = 0; line < lines; ++line) {
    const auto start = static_cast<size_t>(line * size);
    const Moments moments = momentsOf(size, [&](int64_t i) { return x[start + static_cast<size_t>(i)]; });
    const double factor = 1 / std::sqrt(moments.variance + epsilon);
    for (size_t i = start; i < start + static_cast<size_t>(size); ++i) y[i] = (x[i] - moments.mean) * factor;
  }
  const Tensor scale = perChannel(context.input(1), src.shape()[1], src.rank());
  const Tensor shift = perChannel(context.input(2), src.shape()[1], src.rank());
  scaleAndShift(normalized, scale, &shift, context.output(0, src.type(), src.shape()));
}

}  // namespace

void registerLayerNormalization(KernelRegistry& registry) {
  registry.addFunction("LayerNormalization", 1, layerNormalization);  // 17; exporters write it into older models, too
  registry.addFunction("RMSNormalization", 23, rmsNormalization);
  for (const char* domain : {"", "com.microsoft"}) {
    registry.addFunction(domain, "SimplifiedLayerNormalization", 1, rmsNormalization);
  }
  registry.addFunction("GroupNormalization", 18, groupNormalization);
}

}  // namespace quant::reference
