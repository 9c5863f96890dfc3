#pragma once

#include <map>
#include <string>

#include "calibration/range_table.h"
#include "graph/graph.h"
#include "quantizer/float16_policy.h"
#include "quantizer/plan.h"

namespace quant {

/// The version of ONNX's operators that the model is to be raised to first: bfloat16 came to many operators late (Conv:
/// 22). The model's own where that brings nothing.
int64_t opsetForHalf(const Graph& graph, DataType half);

/// Decides which nodes compute in half precision and which values are stored so. Changes nothing.
///
/// The policy says what must stay float32. Of all the ways to place the rest the one with the fewest casts is taken
/// (exactly: a minimum cut), where a node counts less than a cast: Sub between two float32 nodes becomes float32 too.
/// `ranges` is null where there are no samples; `known` are nodes that must stay float32, by key, with the reason. The
/// graph needs inferred shapes.
QuantizationPlan planFloat16(const Graph& graph, const RangeTable* ranges, const HalfOptions& options,
                             const std::map<std::string, std::string>& known = {});

}  // namespace quant
