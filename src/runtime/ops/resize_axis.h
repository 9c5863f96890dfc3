#pragma once

#include <cstdint>
#include <vector>

namespace quant {

/// Which source pixels a resized pixel is made of.
enum class Interpolation { kNearest, kLinear, kCubic };

/// How the position of a resized pixel maps to the source (ONNX's coordinate_transformation_mode).
enum class CoordinateMode {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kTfHalfPixelForNn,
  kTfCropAndResize,
};

enum class NearestMode {
  kRoundPreferFloor,
  kRoundPreferCeil,
  kFloor,
  kCeil,
  kByDirection,  ///< before version 11: up when shrinking, down when growing
};

/// The attributes of a Resize.
struct ResizeRules {
  Interpolation interpolation = Interpolation::kNearest;
  CoordinateMode coordinates = CoordinateMode::kHalfPixel;
  NearestMode nearest = NearestMode::kRoundPreferFloor;
  double cubic_a = -0.75;
  bool antialias = false;
  bool exclude_outside = false;
};

/// One axis to be resized.
struct ResizedAxis {
  int64_t src_size = 0, dst_size = 0;
  double scale = 1;           ///< as given, or dst_size / src_size
  double exact_dst_size = 0;  ///< before rounding down: src_size * scale
  double roi_start = 0, roi_end = 1;
};

/// An axis of the result as weighted sums along the same axis of the source: element i is the sum over t < taps of
/// weights[i * taps + t] * src[indices[i * taps + t]]. Resizing is separable: axis after axis gives the whole.
struct AxisSampling {
  int64_t taps = 1;
  std::vector<int64_t> indices;  ///< all inside the source
  std::vector<double> weights;
  std::vector<int64_t> outside;  ///< elements that take the extrapolation value instead
};

AxisSampling sampleAxis(const ResizeRules& rules, const ResizedAxis& axis);

}  // namespace quant
