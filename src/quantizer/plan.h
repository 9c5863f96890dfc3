#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "calibration/channel_levels.h"
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
  ChannelLevels levels;                            ///< of activations; `weights` are multiplied with them
  std::vector<std::string> warnings;

  [[nodiscard]] size_t count(Treatment treatment) const;
  /// Empty where the value has none.
  [[nodiscard]] std::span<const float> levelsOf(const std::string& value) const;
};

/// What the reason of a node says where its input has levels.
inline constexpr std::string_view kLevelledReason = "; its input's channels are levelled";

/// Joins a placement with calibrated ranges. Throws (bad input) when a range is missing, or is that of a value whose
/// channels were levelled though these options leave them alone.
QuantizationPlan makePlan(const Graph& graph, Placement placement, const RangeTable& ranges,
                          const Int8Options& options);

std::string_view toString(Treatment treatment);

}  // namespace quant
