#pragma once

#include "quantizer/plan.h"

namespace quant {

/// Adds to a plan of int8 products the weights that nothing multiplies on integers, but that take a quarter of the
/// room as int8: tables that Gather looks rows up in, and those of GRU, RNN and of LSTM that stay float.
void storeOtherWeights(const Graph& graph, const NodeSelection& selection, QuantizationPlan& plan);

}  // namespace quant
