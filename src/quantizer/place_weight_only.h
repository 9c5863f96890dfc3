#pragma once

#include <set>
#include <string>

#include "quantizer/plan.h"

namespace quant {

/// Decides which weights are stored in few bits: those of MatMul, Gemm, Conv, ConvTranspose, LSTM, GRU, RNN, and tables
/// that Gather looks rows up in. With 4 bits, MatMul, Gemm and Gather get blocks; the others 8 bits.
///
/// A constant that anything in this graph reads in float stays float: a second copy would only make the file larger. So
/// do weights that are too small to gain. Bodies of If, Loop and Scan are graphs of their own (see body_plans.h).
/// Throws (bad input) when a node or operator name in the selection matches nothing.
QuantizationPlan planWeightStorage(const Graph& graph, const WeightOnlyOptions& options);

/// The values whose moments help to choose the integers.
std::set<std::string> momentsList(const QuantizationPlan& plan);

}  // namespace quant
