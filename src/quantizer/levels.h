#pragma once

#include <optional>
#include <span>
#include <vector>

#include "calibration/channel_spread.h"
#include "core/tensor.h"
#include "quantizer/weight_rows.h"

namespace quant {

/// Weights that multiply a value: for each of its channels, the elements of its row of a [channels, columns] matrix.
struct LevelledWeights {
  const Tensor* tensor;
  WeightRows rows;
};

/// What to divide the channels of a value by, and to multiply the rows of its readers' weights with, so that one scale
/// for the whole value wastes less of its 8 bits on a few wide channels:
///
///   x W = (x / level) (level * W)        level[j] = reach[j]^a, over its geometric mean
///
/// The exponent `a` between 0 and 1 is the one of the least expected squared error of the product: of the values'
/// rounding, seen through the weights, and of the weights' rounding, seen through the values.
struct Levels {
  std::vector<float> factors;  ///< for each channel
  double gain = 1;             ///< expected error without levels over the one with them
};

/// Nothing where levels gain less than `least_gain`.
std::optional<Levels> findLevels(const ChannelSpread& spread, std::span<const LevelledWeights> readers,
                                 double least_gain);

}  // namespace quant
