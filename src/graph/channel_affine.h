#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace quant {

/// y * scale[c] + shift[c] for each channel c.
struct ChannelAffine {
  std::vector<double> scale, shift;
};

/// What a BatchNormalization with constant statistics does with the channels of axis 1; nothing for one that trains, or
/// whose constants do not fit each other:
///   scale = gamma / sqrt(variance + epsilon)       shift = beta - mean * scale
std::optional<ChannelAffine> affineOf(const Graph& graph, const Node& batch_norm);

}  // namespace quant
