#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace quant {

/// Divides the channels of `value` (along its last axis) by `levels` and returns the name of what comes out: by a Mul
/// behind it or, where nothing but readers that will read the result uses the value (`is_replaced`), in the scale and
/// bias of the normalization, or in the factors of the Mul, that makes it.
std::string divideByLevels(Graph& graph, const std::string& value, const std::vector<float>& levels, bool is_replaced);

}  // namespace quant
