#include "runtime/ops/resize_axis.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace quant {

namespace {

double sourceCoordinate(const ResizeRules& rules, const ResizedAxis& axis, double x) {
  const auto src_size = static_cast<double>(axis.src_size), dst_size = static_cast<double>(axis.dst_size);
  // One division of exact numbers: a position that is a whole pixel comes out as one. A scale such as 0.6 is not exact,
  // but only by less than a float shows; nearest pixels, which would fall to the wrong side, ask for no more.
  const auto inSource = [&](double position, double offset) {
    const double exact = position * src_size / axis.exact_dst_size + offset;
    return rules.interpolation == Interpolation::kNearest ? static_cast<double>(static_cast<float>(exact)) : exact;
  };
  switch (rules.coordinates) {
    case CoordinateMode::kHalfPixel: return inSource(x + 0.5, 0) - 0.5;
    case CoordinateMode::kHalfPixelSymmetric:
      return inSource(x + 0.5, src_size / 2 * (1 - dst_size / axis.exact_dst_size)) - 0.5;
    case CoordinateMode::kPytorchHalfPixel: return axis.dst_size > 1 ? inSource(x + 0.5, 0) - 0.5 : 0;
    case CoordinateMode::kAlignCorners:
      return axis.exact_dst_size == 1 ? 0 : x * (src_size - 1) / (axis.exact_dst_size - 1);
    case CoordinateMode::kAsymmetric: return inSource(x, 0);
    case CoordinateMode::kTfHalfPixelForNn: return inSource(x + 0.5, 0);
    case CoordinateMode::kTfCropAndResize: break;
  }
  if (axis.dst_size <= 1) return 0.5 * (axis.roi_start + axis.roi_end) * (src_size - 1);
  return axis.roi_start * (src_size - 1) + x * (axis.roi_end - axis.roi_start) * (src_size - 1) / (dst_size - 1);
}

double nearestPosition(NearestMode mode, double x, double scale) {
  switch (mode) {
    case NearestMode::kRoundPreferFloor: return std::ceil(x - 0.5);
    case NearestMode::kRoundPreferCeil: return std::floor(x + 0.5);
    case NearestMode::kFloor: return std::floor(x);
    case NearestMode::kCeil: return std::ceil(x);
    case NearestMode::kByDirection: break;
  }
  return scale < 1 ? std::ceil(x) : std::floor(x);
}

double triangle(double distance) { return std::max(0.0, 1 - std::abs(distance)); }

/// Keys' cubic convolution kernel (equation 4 of "Cubic convolution interpolation for digital image processing", 1981).
double cubic(double distance, double a) {
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
}

/// The filter around a source position: `taps` pixels, the first one `first` pixels from the one at or before it. An
/// antialiasing filter is stretched so that every source pixel keeps its share.
struct Filter {
  double stretch = 1;
  int64_t first = 0, taps = 1;
};

Filter filterFor(const ResizeRules& rules, double scale) {
  if (rules.interpolation == Interpolation::kNearest) return {};
  const double radius = rules.interpolation == Interpolation::kLinear ? 1 : 2;
  const double stretch = rules.antialias ? std::min(scale, 1.0) : 1;
  const auto first = static_cast<int64_t>(std::floor(-radius / stretch)) + 1;
  return {stretch, first, 2 - 2 * first};
}

void scaleToSumOne(std::span<double> weights) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  if (sum == 0) return;
  for (double& weight : weights) weight /= sum;
}

/// Weights and positions (perhaps outside the source) for one pixel.
void placeFilter(const ResizeRules& rules, const Filter& filter, double x, std::span<int64_t> positions,
                 std::span<double> weights) {
  const double base = std::floor(x);
  for (size_t t = 0; t < weights.size(); ++t) {
    const double offset = static_cast<double>(filter.first) + static_cast<double>(t);
    const double distance = (offset - (x - base)) * filter.stretch;
    positions[t] = static_cast<int64_t>(base + offset);
    weights[t] = rules.interpolation == Interpolation::kLinear ? triangle(distance) : cubic(distance, rules.cubic_a);
  }
  if (filter.stretch != 1) scaleToSumOne(weights);
}

void excludeOutside(int64_t size, std::span<const int64_t> positions, std::span<double> weights) {
  for (size_t t = 0; t < weights.size(); ++t) {
    if (positions[t] < 0 || positions[t] >= size) weights[t] = 0;
  }
  scaleToSumOne(weights);
}

}  // namespace

AxisSampling sampleAxis(const ResizeRules& rules, const ResizedAxis& axis) {
  const Filter filter = filterFor(rules, axis.scale);
  const auto taps = static_cast<size_t>(filter.taps), count = static_cast<size_t>(axis.dst_size) * taps;
  AxisSampling sampling{filter.taps, std::vector<int64_t>(count), std::vector<double>(count, 1.0), {}};
  for (int64_t i = 0; i < axis.dst_size; ++i) {
    const double x = sourceCoordinate(rules, axis, static_cast<double>(i));
    const auto positions = std::span(sampling.indices).subspan(static_cast<size_t>(i) * taps, taps);
    const auto weights = std::span(sampling.weights).subspan(static_cast<size_t>(i) * taps, taps);
    if (rules.interpolation == Interpolation::kNearest) {
      positions[0] = static_cast<int64_t>(nearestPosition(rules.nearest, x, axis.scale));
    } else {
      placeFilter(rules, filter, x, positions, weights);
      if (rules.exclude_outside) excludeOutside(axis.src_size, positions, weights);
    }
    for (int64_t& position : positions) position = std::clamp(position, int64_t{0}, axis.src_size - 1);
    const bool is_outside = x < 0 || x > static_cast<double>(axis.src_size - 1);
    if (rules.coordinates == CoordinateMode::kTfCropAndResize && is_outside) sampling.outside.push_back(i);
  }
  return sampling;
}

}  // namespace quant
