#pragma once

#include <map>
#include <string>
#include <vector>

#include "calibration/range_table.h"
#include "core/quant_params.h"
#include "graph/graph.h"
#include "quantizer/options.h"
#include "quantizer/placement.h"

namespace quant {

/// The weights of one node, and its bias in the accumulator's units.
struct WeightPlan {
  std::string constant;  ///< the initializer that holds them
  int input = 1;         ///< where the node reads them
  QuantParams params;
  int widened_channels = 0;  ///< channels whose scale was enlarged so that the int32 bias fits
};

/// What to quantize and with which numbers: decided once, printed, and only then applied. Pure data.
struct QuantizationPlan {
  std::vector<NodePlacement> nodes;                ///< every node in topological order
  std::map<std::string, QuantParams> activations;  ///< by value
  std::map<std::string, WeightPlan> weights;       ///< by the node's first output
  std::vector<std::string> warnings;

  [[nodiscard]] size_t count(Treatment treatment) const;
};

/// Joins a placement with calibrated ranges. Throws (bad input) when a range is missing.
QuantizationPlan makePlan(const Graph& graph, Placement placement, const RangeTable& ranges,
                          const Int8Options& options);

std::string_view toString(Treatment treatment);

}  // namespace quant
