#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/data_type.h"

namespace quant {

/// Lanes of weights that are looked at side by side, one for each element of a vector.
inline constexpr size_t kLanes = 16;

/// The integers that weights may become, and what their scales may be: weight = scale * (integer - zero point).
struct WeightGrid {
  float low = -127, high = 127;
  bool zero_points = false;      ///< else they are 0
  bool negative_scales = false;  ///< which turn the longer end of the grid to the side that needs it
  DataType scale_type = DataType::kFloat32;
};

/// A scale and a zero point for each lane.
struct LaneParams {
  std::array<float, kLanes> scale{}, zero{};
};

/// The parameters with which the squared errors of each lane, each weighed with the importance of its element, are
/// least: a search over clipped ranges. Element m of lane l is values[m * kLanes + l]; `importance` has one number for
/// each m, or is null.
LaneParams searchLaneParams(const float* values, size_t count, const float* importance, const WeightGrid& grid);

/// The nearest integers, half to even.
void encodeLanes(const float* values, size_t count, const LaneParams& params, const WeightGrid& grid, int8_t* integers);

}  // namespace quant
