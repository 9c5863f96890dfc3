#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"
#include "runtime/ops/resize_axis.h"
#include "runtime/ops/take.h"

namespace quant {

namespace {

// --- attributes
// --------------------------------------------------------------------------------------------------------

template <class Enum>
struct Name {
  std::string_view name;
  Enum value;
};

constexpr Name<Interpolation> kInterpolations[] = {{"nearest", Interpolation::kNearest},
                                                   {"linear", Interpolation::kLinear},
                                                   {"bilinear", Interpolation::kLinear},
                                                   {"cubic", Interpolation::kCubic}};
constexpr Name<CoordinateMode> kCoordinateModes[] = {
    {"half_pixel", CoordinateMode::kHalfPixel},
    {"half_pixel_symmetric", CoordinateMode::kHalfPixelSymmetric},
    {"pytorch_half_pixel", CoordinateMode::kPytorchHalfPixel},
    {"align_corners", CoordinateMode::kAlignCorners},
    {"asymmetric", CoordinateMode::kAsymmetric},
    {"tf_half_pixel_for_nn", CoordinateMode::kTfHalfPixelForNn},
    {"tf_crop_and_resize", CoordinateMode::kTfCropAndResize},
};
constexpr Name<NearestMode> kNearestModes[] = {{"round_prefer_floor", NearestMode::kRoundPreferFloor},
                                               {"round_prefer_ceil", NearestMode::kRoundPreferCeil},
                                               {"floor", NearestMode::kFloor},
                                               {"ceil", NearestMode::kCeil}};

template <class Enum, size_t N>
Enum lookUp(const Node& node, const char* attribute, const Name<Enum> (&names)[N], const char* fallback) {
  const std::string found = node.attr(attribute, fallback);
  for (const auto& [name, value] : names) {
    if (name == found) return value;
  }
  throwBadInput("{} with {} '{}'", node.opType(), attribute, found);
}

ResizeRules rulesOf(const Node& node) {
  return {lookUp(node, "mode", kInterpolations, "nearest"),
          lookUp(node, "coordinate_transformation_mode", kCoordinateModes, "half_pixel"),
          lookUp(node, "nearest_mode", kNearestModes, "round_prefer_floor"),
          static_cast<double>(node.attr("cubic_coeff_a", -0.75F)),
          node.attr("antialias", int64_t{0}) != 0,
          node.attr("exclude_outside", int64_t{0}) != 0};
}

/// Upsample, and Resize before version 11, know only the mode.
ResizeRules earlyRulesOf(const Node& node) {
  ResizeRules rules;
  rules.interpolation = lookUp(node, "mode", kInterpolations, "nearest");
  rules.coordinates = CoordinateMode::kAsymmetric;
  rules.nearest = NearestMode::kByDirection;
  return rules;
}

// --- sizes
// -------------------------------------------------------------------------------------------------------------

std::vector<ResizedAxis> unchanged(const Shape& shape) {
  std::vector<ResizedAxis> axes;
  for (const int64_t size : shape) axes.push_back({size, size, 1, static_cast<double>(size), 0, 1});
  return axes;
}

void setScale(ResizedAxis& axis, float scale, double roi_extent) {
  if (!(scale > 0) || scale > 1e6F) throwBadInput("Resize by a factor of {}", scale);
  const auto size = static_cast<float>(axis.src_size);  // in float, as ONNX's shape inference does it
  axis.scale = static_cast<double>(scale);
  axis.exact_dst_size = axis.scale * static_cast<double>(axis.src_size) * roi_extent;
  axis.dst_size = static_cast<int64_t>(std::floor(size * static_cast<float>(roi_extent) * scale));
}

void setSize(ResizedAxis& axis, int64_t size) {
  if (size < 0 || (size > 0 && axis.src_size == 0)) throwBadInput("Resize of {} elements to {}", axis.src_size, size);
  axis.dst_size = size;
  axis.exact_dst_size = static_cast<double>(size);
  axis.scale = axis.src_size == 0 ? 1 : axis.exact_dst_size / static_cast<double>(axis.src_size);
}

/// One scale for all, such that no axis gets larger (or none smaller) than its wanted size.
void keepAspectRatio(std::vector<ResizedAxis>& axes, const std::vector<int64_t>& resized, bool not_larger) {
  double scale = axes[static_cast<size_t>(resized[0])].scale;
  for (const int64_t i : resized) {
    const double wanted = axes[static_cast<size_t>(i)].scale;
    scale = not_larger ? std::min(scale, wanted) : std::max(scale, wanted);
  }
  for (const int64_t i : resized) {
    ResizedAxis& axis = axes[static_cast<size_t>(i)];
    axis.scale = scale;
    axis.exact_dst_size = scale * static_cast<double>(axis.src_size);
    axis.dst_size = static_cast<int64_t>(std::floor(axis.exact_dst_size + 0.5));
  }
}

void setRegions(std::vector<ResizedAxis>& axes, const std::vector<int64_t>& resized, const Tensor& roi) {
  requireCount("Resize's roi", static_cast<size_t>(roi.elementCount()), 2 * resized.size());
  withElementType(roi.type(), kFloatTypes, "Resize", [&](auto example) {
    const auto values = roi.data<decltype(example)>();
    for (size_t i = 0; i < resized.size(); ++i) {
      axes[static_cast<size_t>(resized[i])].roi_start = elementCast<double>(values[i]);
      axes[static_cast<size_t>(resized[i])].roi_end = elementCast<double>(values[i + resized.size()]);
    }
  });
}

void setScales(std::vector<ResizedAxis>& axes, const std::vector<int64_t>& resized, std::span<const float> scales,
               bool by_region) {
  requireCount("Resize's scales", scales.size(), resized.size());
  for (size_t i = 0; i < resized.size(); ++i) {
    ResizedAxis& axis = axes[static_cast<size_t>(resized[i])];
    setScale(axis, scales[i], by_region ? axis.roi_end - axis.roi_start : 1);
  }
}

void setSizes(std::vector<ResizedAxis>& axes, const std::vector<int64_t>& resized, const std::vector<int64_t>& sizes,
              const std::string& policy) {
  requireCount("Resize's sizes", sizes.size(), resized.size());
  for (size_t i = 0; i < resized.size(); ++i) setSize(axes[static_cast<size_t>(resized[i])], sizes[i]);
  if (policy == "stretch" || resized.empty()) return;
  if (policy != "not_larger" && policy != "not_smaller") throwBadInput("Resize with policy '{}'", policy);
  keepAspectRatio(axes, resized, policy == "not_larger");
}

// --- resampling
// --------------------------------------------------------------------------------------------------------

bool isUnchanged(const ResizeRules& rules, const ResizedAxis& axis) {
  const bool whole =
      rules.coordinates != CoordinateMode::kTfCropAndResize || (axis.roi_start == 0 && axis.roi_end == 1);
  return whole && axis.scale == 1 && axis.dst_size == axis.src_size;
}

template <class Work>
void resampleRow(const Work* src, Work* dst, const AxisSampling& sampling, const std::vector<Work>& weights,
                 int64_t dst_size) {
  for (int64_t i = 0; i < dst_size; ++i) {
    Work sum = 0;
    for (int64_t t = i * sampling.taps; t < (i + 1) * sampling.taps; ++t) {
      sum += weights[static_cast<size_t>(t)] * src[sampling.indices[static_cast<size_t>(t)]];
    }
    dst[i] = sum;
  }
}

/// dst = the weighted sum of source rows of `length` elements.
template <class Work>
void mixRows(const Work* src, Work* dst, int64_t length, std::span<const int64_t> rows, std::span<const Work> weights) {
  const Work* first = src + rows[0] * length;
  for (int64_t j = 0; j < length; ++j) dst[j] = weights[0] * first[j];
  for (size_t t = 1; t < rows.size(); ++t) {
    const Work* row = src + rows[t] * length;
    const Work weight = weights[t];
    for (int64_t j = 0; j < length; ++j) dst[j] += weight * row[j];
  }
}

template <class Work>
Tensor resampleAxis(const Tensor& src, int64_t axis, int64_t dst_size, const AxisSampling& sampling,
                    Work extrapolation) {
  const AxisSplit split = splitAt(src.shape(), axis);
  const int64_t inner = split.inner;
  Shape shape = src.shape();
  shape[static_cast<size_t>(axis)] = dst_size;
  Tensor result(src.type(), shape);
  const std::vector<Work> weights(sampling.weights.begin(), sampling.weights.end());
  const auto taps = static_cast<size_t>(sampling.taps);
  const Work* const from = src.data<Work>().data();
  Work* const to = result.data<Work>().data();
  // A piece is a row of results along the axis, or, where the axis is not the last, one of its elements.
  const int64_t per_outer = inner == 1 ? 1 : dst_size, pieces = split.outer * per_outer;
#pragma omp parallel for schedule(static) if (result.elementCount() > kParallelGrain)
  for (int64_t piece = 0; piece < pieces; ++piece) {
    const Work* const slab = from + piece / per_outer * split.size * inner;
    if (inner == 1) {
      resampleRow(slab, to + piece * dst_size, sampling, weights, dst_size);
    } else {
      const auto first = static_cast<size_t>(piece % per_outer) * taps;
      mixRows<Work>(slab, to + piece * inner, inner, std::span(sampling.indices).subspan(first, taps),
                    std::span(weights).subspan(first, taps));
    }
  }
  for (const int64_t i : sampling.outside) {
    for (int64_t o = 0; o < split.outer; ++o) std::fill_n(to + (o * dst_size + i) * inner, inner, extrapolation);
  }
  return result;
}

/// The type that pixels of type T are mixed in. Integers need double: rounding must see a tie where there is one.
template <class T>
using WorkType = std::conditional_t<std::is_same_v<ComputeType<T>, float>, float, double>;

template <class T>
T fromWork(WorkType<T> value) {
  if constexpr (std::is_integral_v<T>) {
    using Limits = std::numeric_limits<T>;
    const auto rounded = std::nearbyint(value);
    if (rounded <= static_cast<WorkType<T>>(Limits::min())) return Limits::min();
    return rounded >= static_cast<WorkType<T>>(Limits::max()) ? Limits::max() : static_cast<T>(rounded);
  } else {
    return T(value);
  }
}

template <class To, class From, class Convert>
Tensor converted(const Tensor& src, Convert convert) {
  if constexpr (std::is_same_v<To, From>) {
    return src.alias();
  } else {
    Tensor dst(kDataTypeOf<To>, src.shape());
    std::ranges::transform(src.data<From>(), dst.data<To>().begin(), convert);
    return dst;
  }
}

/// The axes that change, those that shrink most first, so that later passes have less to do.
std::vector<size_t> orderOfAxes(const ResizeRules& rules, const std::vector<ResizedAxis>& axes) {
  std::vector<size_t> order;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (!isUnchanged(rules, axes[i])) order.push_back(i);
  }
  std::ranges::stable_sort(order, {}, [&](size_t i) { return axes[i].scale; });
  return order;
}

void resize(KernelContext& context, const ResizeRules& rules, const std::vector<ResizedAxis>& axes,
            float extrapolation) {
  const Tensor& src = context.input(0);
  Shape shape;
  for (const ResizedAxis& axis : axes) shape.push_back(axis.dst_size);
  if (elementCount(shape) == 0) {
    context.output(0, src.type(), shape);
    return;
  }
  std::vector<std::pair<int64_t, AxisSampling>> steps;
  for (const size_t i : orderOfAxes(rules, axes)) steps.emplace_back(i, sampleAxis(rules, axes[i]));
  const bool only_moves = rules.interpolation == Interpolation::kNearest &&
                          std::ranges::all_of(steps, [](const auto& step) { return step.second.outside.empty(); });
  Tensor result = src.alias();
  if (only_moves) {
    for (const auto& [axis, sampling] : steps) result = takeAlong(result, axis, sampling.indices);
    return context.setOutput(0, std::move(result));
  }
  withElementType(src.type(), kNumericTypes, "Resize", [&](auto example) {
    using T = decltype(example);
    using Work = WorkType<T>;
    result = converted<Work, T>(result, elementCast<Work, T>);
    for (const auto& [axis, sampling] : steps) {
      result = resampleAxis<Work>(result, axis, axes[static_cast<size_t>(axis)].dst_size, sampling,
                                  static_cast<Work>(extrapolation));
    }
    result = converted<T, Work>(result, fromWork<T>);
  });
  context.setOutput(0, std::move(result));
}

bool isGiven(KernelContext& context, size_t index) {
  return context.has(index) && context.input(index).elementCount() > 0;
}

void resizeByRules(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const ResizeRules rules = rulesOf(node);
  const bool by_region = rules.coordinates == CoordinateMode::kTfCropAndResize;
  const auto resized = normalizeAxes(node.attr("axes", allAxes(src.rank())), src.rank());
  auto axes = unchanged(src.shape());
  if (by_region) setRegions(axes, resized, context.input(1));
  if (isGiven(context, 3)) {
    setSizes(axes, resized, toInts(context.input(3)), node.attr("keep_aspect_ratio_policy", "stretch"));
  } else {
    setScales(axes, resized, context.input(2).data<float>(), by_region);
  }
  resize(context, rules, axes, node.attr("extrapolation_value", 0.0F));
}

void resizeByFactors(const Node& node, KernelContext& context, std::span<const float> scales) {
  const Shape& shape = context.inputAsIs(0).shape();
  auto axes = unchanged(shape);
  setScales(axes, allAxes(static_cast<int64_t>(shape.size())), scales, false);
  resize(context, earlyRulesOf(node), axes, 0);
}

void resizeByInput(const Node& node, KernelContext& context) {
  resizeByFactors(node, context, context.input(1).data<float>());
}

void upsampleByAttribute(const Node& node, KernelContext& context) {
  resizeByFactors(node, context, node.attr("scales", std::vector<float>{}));
}

}  // namespace

void registerResizeOps(KernelRegistry& registry) {
  registry.addFunction("Resize", 10, resizeByInput);
  registry.addFunction("Resize", 11, resizeByRules);
  registry.addFunction("Upsample", 7, upsampleByAttribute);
  registry.addFunction("Upsample", 9, resizeByInput);
}

}  // namespace quant
