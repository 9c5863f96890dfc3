#pragma once

#include <optional>
#include <string>

#include "graph/graph.h"

namespace quant {

/// True when `value` is of type float, or nothing is known of its type.
bool isFloat(const Graph& graph, const std::string& value);

/// Why a Conv, ConvTranspose, Gemm or MatMul cannot compute on 8-bit integers ("its weights 'w' are computed"); nothing
/// when it can.
std::optional<std::string> obstacleTo8Bits(const Graph& graph, const Node& node);

}  // namespace quant
