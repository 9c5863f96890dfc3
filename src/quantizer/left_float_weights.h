#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "quantizer/plan.h"

namespace quant {

/// Weights that a plan of static int8 quantization has no form for, though other modes make them small: those of
/// LSTM, GRU and RNN, tables that Gather looks rows up in, and all inside bodies of If, Loop and Scan.
struct LeftFloatWeights {
  int64_t bytes = 0;                     ///< of these weights
  int64_t all_bytes = 0;                 ///< of all constants of the model
  std::map<std::string, int> operators;  ///< that read them: {"LSTM", 2}, {"MatMul in a body of Loop", 1}
  bool is_for_dynamic = true;            ///< else only weight-only makes all of them small
};

/// What `plan`, made with `selection`, leaves in float. Weights that the user wants in float do not count.
LeftFloatWeights leftFloatWeights(const Graph& graph, const QuantizationPlan& plan, const NodeSelection& selection);

/// One sentence for the user, with the modes that would store these weights in 8 bits; empty when they are less than a
/// tenth of the model's.
std::string adviceOn(const LeftFloatWeights& weights);

}  // namespace quant
