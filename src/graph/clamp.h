#pragma once

#include <optional>

#include "core/range.h"
#include "graph/graph.h"

namespace quant {

/// The interval that a Relu or a Clip with constant bounds clamps to (infinite where it has no bound); nothing for any
/// other node.
std::optional<Range> clampOf(const Graph& graph, const Node& node);

}  // namespace quant
