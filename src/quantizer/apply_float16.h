#pragma once

#include "graph/graph.h"
#include "quantizer/plan.h"

namespace quant {

/// Rewrites the graph as a plan of planFloat16 says; decides nothing. The graph must be the one that was planned for.
///
///   x -> Conv(w) -> Exp -> y    becomes    x -> Cast -> Conv(w as float16) -> Cast -> Exp -> y
///
/// A value is cast once in each direction, whoever reads it, bodies of If, Loop and Scan among them. Constants change
/// in place; where nodes of both precisions read one, a second one is added. Weights are converted when they are asked
/// for, at the latest while the model is written.
void applyFloat16(Graph& graph, const QuantizationPlan& plan);

}  // namespace quant
