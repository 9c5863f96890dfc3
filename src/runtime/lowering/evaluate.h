#pragma once

#include <optional>

#include "graph/graph.h"

namespace quant {

/// The first output of a node whose inputs are all constants, by the reference kernels; nothing when one is not.
std::optional<Tensor> evaluateConstant(const Graph& graph, const Node& node);

}  // namespace quant
