#pragma once

#include <map>
#include <string>
#include <vector>

#include "calibration/range_table.h"
#include "core/quant_params.h"
#include "graph/graph.h"
#include "quantizer/half_plan.h"
#include "quantizer/options.h"
#include "quantizer/placement.h"
#include "quantizer/weight_plan.h"

namespace quant {

/// What to quantize and with which numbers: decided once, printed, and only then applied. Pure data.
struct QuantizationPlan {
  Target target = Target::kX86;
  std::vector<NodePlacement> nodes;                ///< every node in topological order
  std::map<std::string, QuantParams> activations;  ///< by value
  std::map<std::string, WeightPlan> weights;       ///< by the node's first output
  HalfPlan half;                                   ///< of the modes fp16 and bf16
  std::vector<std::string> warnings;

  [[nodiscard]] size_t count(Treatment treatment) const;
};

/// Joins a placement with calibrated ranges. Throws (bad input) when a range is missing.
QuantizationPlan makePlan(const Graph& graph, Placement placement, const RangeTable& ranges,
                          const Int8Options& options);

std::string_view toString(Treatment treatment);

}  // namespace quant
