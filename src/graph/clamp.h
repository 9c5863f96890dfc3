#pragma once

#include <optional>

#include "core/quant_params.h"
#include "graph/graph.h"

namespace quant {

/// The interval that a Relu or a Clip with constant bounds clamps to (infinite where it has no bound); nothing for any
/// other node.
std::optional<Range> clampOf(const Graph& graph, const Node& node);

/// True when quantizing saturates at least as early as the clamp does, so that leaving the clamp out changes nothing.
bool impliedBySaturation(const Range& clamp, const QuantParams& params);

}  // namespace quant
