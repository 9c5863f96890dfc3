#pragma once

#include <optional>

#include "core/tensor.h"
#include "graph/node.h"

namespace quant {

/// The tensor that a Constant node gives; nothing for other nodes, and for strings, sparse tensors and other types
/// without a tensor here.
std::optional<Tensor> valueOfConstantNode(const Node& node);

}  // namespace quant
