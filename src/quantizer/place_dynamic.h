#pragma once

#include <optional>
#include <string>

#include "quantizer/options.h"
#include "quantizer/placement.h"

namespace quant {

/// Decides which nodes compute on integers with an activation that becomes 8 bits while the model runs:
/// - MatMul and Gemm with constant weights, also stacks of matrices;
/// - LSTM, as com.microsoft's DynamicQuantizeLSTM: ONNX has no such operator, so not with the formats of ONNX's own;
/// - Conv, and MatMul of two activations, where the options ask for them.
/// Nodes with so few weights that nothing would be gained stay float, unless the selection names them.
/// Throws (bad input) when a node or operator name in the selection matches nothing.
Placement placeDynamic(const Graph& graph, const Int8Options& int8, const DynamicOptions& options);

}  // namespace quant
