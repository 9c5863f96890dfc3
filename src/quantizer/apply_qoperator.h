#pragma once

#include "graph/graph.h"
#include "quantizer/plan.h"

namespace quant {

/// Rewrites the graph as applyQdq does, and then puts ONNX's integer operators into the place of the groups that have
/// one, by the rules of the executor's lowering:
///
///   DQ -> Conv(DQ(w8), DQ(b32)) -> Q             becomes    QLinearConv
///   DQ, DQ -> MatMul -> Q                        becomes    QLinearMatMul
///   DQ -> what moves elements -> Q               becomes    the operator itself, on integers
///   DQ, DQ -> MatMul, Gemm whose result is real  becomes    MatMulInteger [-> + b32] -> Cast -> * scale
///
/// ONNX has no integer form of other operators: they stay between DequantizeLinear and QuantizeLinear.
void applyQOperator(Graph& graph, const QuantizationPlan& plan);

}  // namespace quant
