#pragma once

#include "calibration/input_moments.h"
#include "quantizer/plan.h"

namespace quant {

/// The version of ONNX's operators that the plan's nodes need: 21 for DequantizeLinear in blocks, 19 for one that gives
/// float16, 18 for bits that are taken out of bytes, else 13.
int64_t opsetFor(const QuantizationPlan& plan);

/// Lets the nodes of `plan.stored` read weights of few bits. The integers are made while the graph is written, one
/// tensor after the other; `moments`, where samples gave them, help to choose them.
void applyWeightStorage(Graph& graph, const QuantizationPlan& plan, const MomentsTable& moments);

}  // namespace quant
