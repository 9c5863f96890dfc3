#pragma once

#include "graph/graph.h"
#include "quantizer/plan.h"

namespace quant {

/// The opset that per-channel QuantizeLinear and DequantizeLinear need.
inline constexpr int64_t kQdqOpset = 13;

/// Rewrites the graph as the plan says, with ONNX's QuantizeLinear and DequantizeLinear; decides nothing.
///
///   x -> Conv(w, b) -> Relu -> y    becomes    x -> Q -> DQ -> Conv(DQ(w8), DQ(b32)) -> Q -> DQ -> y
///
/// Each value is quantized once, whoever reads it. Values that an integer operator computes are read only through their
/// DequantizeLinear; of other values the readers that stay float keep the original. The graph must be of opset 13 or
/// later.
void applyQdq(Graph& graph, const QuantizationPlan& plan);

}  // namespace quant
