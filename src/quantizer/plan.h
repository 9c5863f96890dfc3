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
#include "quantizer/stored_weights.h"
#include "quantizer/weight_plan.h"

namespace quant {

/// One place that reads weights of few bits, and how it gets them back.
struct WeightUse {
  enum class Form {
    kDequantized,           ///< through a DequantizeLinear
    kLookedUp,              ///< Gather takes rows of integers and of scales, and multiplies them
    kBlocksLookedUp,        ///< the same with blocks of 4 bits, taken out of bytes
    kMatMulNBits,           ///< com.microsoft's operators read the integers themselves
    kGatherBlockQuantized,  ///< likewise
  };
  std::string output;  ///< of the node: its first
  int input = 1;
  Form form = Form::kDequantized;
};

/// Weights that are stored in few bits and computed with in float.
struct StoredWeights {
  std::string constant;
  WeightStorage storage;
  std::vector<WeightUse> uses;
  std::string multiplied_with;  ///< the value whose moments weigh the errors; empty where there is none, or several
  DataType type = DataType::kFloat32;  ///< before and while they are computed with
};

/// What to quantize and with which numbers: decided once, printed, and only then applied. Pure data.
struct QuantizationPlan {
  Target target = Target::kX86;
  std::vector<NodePlacement> nodes;                ///< every node in topological order
  std::map<std::string, QuantParams> activations;  ///< by value
  std::map<std::string, WeightPlan> weights;       ///< by the node's first output
  HalfPlan half;                                   ///< of the modes fp16 and bf16
  std::vector<StoredWeights> stored;               ///< weights that only their storage makes smaller
  std::map<std::string, WeightPlan> recurrences;   ///< of LSTMs: the weights of what they remember; by the same
  /// By value: what its channels (along the last axis) are divided by before they are quantized. `weights` know of it.
  std::map<std::string, std::vector<float>> levels;
  std::vector<std::string> warnings;

  [[nodiscard]] size_t count(Treatment treatment) const;
};

/// Joins a placement with calibrated ranges. Throws (bad input) when a range is missing.
QuantizationPlan makePlan(const Graph& graph, Placement placement, const RangeTable& ranges,
                          const Int8Options& options);

std::string_view toString(Treatment treatment);

}  // namespace quant
