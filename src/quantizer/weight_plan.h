#pragma once

#include <span>
#include <string>
#include <vector>

#include "calibration/range_table.h"
#include "core/quant_params.h"
#include "graph/graph.h"
#include "quantizer/options.h"
#include "quantizer/saturation_safe.h"

namespace quant {

/// The weights of one node, and its bias in the accumulator's units.
struct WeightPlan {
  std::string constant;  ///< the initializer that holds them
  int input = 1;         ///< where the node reads them
  QuantParams params;
  std::vector<int8_t> integers = {};                  ///< the weights at these scales, in the order of their tensor
  std::vector<float> bias = {};                       ///< in place of the node's own, when not empty: corrected
  int64_t channels = 0;                               ///< output channels there are
  int widened_channels = 0;                           ///< those whose scale was enlarged so that the int32 bias fits
  std::vector<ChangedChannel> changed_channels = {};  ///< those made safe from saturation
  int64_t balanced = 0;                               ///< integers that were rounded the other way

  [[nodiscard]] int64_t unsafePairs() const;
  [[nodiscard]] int64_t loweredPairs() const;
};

/// What weights are multiplied with. Where there are levels, the weights of each input channel are multiplied by its
/// level before they are quantized.
struct WeightedInput {
  float scale = 1;
  std::span<const float> levels = {};
};

/// Decides how the constant weights at `input` of `node` are stored. Throws (bad input) when its bias is too large to
/// stand beside activations of the given scale.
WeightPlan planWeights(const Graph& graph, const Node& node, int input, const WeightedInput& source,
                       const RangeTable& ranges, const Int8Options& options);

/// The same for weights beside activations that become integers while the model runs: no bias has to fit.
WeightPlan planDynamicWeights(const Graph& graph, const Node& node, int input, std::span<const float> levels,
                              const Int8Options& options);

/// "int8 weights, one scale per output channel, int32 bias; 3 of 32 channels changed against saturation (7 pairs of
/// neighbours above 128)".
std::string describe(const WeightPlan& weights, bool has_bias);

}  // namespace quant
