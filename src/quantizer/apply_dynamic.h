#pragma once

#include "graph/graph.h"
#include "quantizer/plan.h"

namespace quant {

/// The opset that brought DynamicQuantizeLinear.
inline constexpr int64_t kDynamicOpset = 11;

/// Rewrites the graph as the plan says, with ONNX's DynamicQuantizeLinear, MatMulInteger and ConvInteger; decides
/// nothing.
///
///   y = MatMul(x, w)    becomes    q, s, z = DynamicQuantizeLinear(x)
///                                  y = Cast(MatMulInteger(q, w8, z)) * (s * w_scale)
///
/// An LSTM becomes com.microsoft's DynamicQuantizeLSTM. Each value is quantized once for all its readers. Where the
/// plan levels a value's channels, a Mul divides them before, or the LayerNormalization that makes the value does. The
/// graph must be of opset 11 or later.
void applyDynamic(Graph& graph, const QuantizationPlan& plan);

}  // namespace quant
