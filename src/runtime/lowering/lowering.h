#pragma once

#include <set>
#include <string>

#include "graph/graph.h"
#include "runtime/backend.h"

namespace quant {

/// The domain of the fused operators that lowering makes and the oneDNN backend runs. They never stand in a file.
inline constexpr const char* kFusedDomain = "quantize";

/// Turns a graph into the one that is run: groups of nodes that one kernel computes become one node. A value in
/// `watched` is never fused away. Safe to call on a graph whose types were not inferred.
void lower(Graph& graph, Backend backend, const std::set<std::string>& watched);

/// DequantizeLinear -> operator -> QuantizeLinear   becomes   the operator's integer form (QLinearConv, QLinearAdd,
/// com.microsoft QGemm, or the operator itself where it only moves elements). Returns how many groups it made.
int fuseQuantizedGroups(Graph& graph, const std::set<std::string>& watched);

/// Conv, Gemm -> activation   becomes   one FusedConv, FusedGemm. Returns how many it made.
int fuseActivations(Graph& graph, const std::set<std::string>& watched);

}  // namespace quant
