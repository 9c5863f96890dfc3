#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"
#include "runtime/kernel.h"

namespace quant {

/// Computes one node whose inputs are all constants of `graph`. Outputs that nobody reads may be missing. Nothing when
/// `kernels` lacks the operator or the kernel refuses these inputs: then the node is for a run to judge.
std::optional<std::vector<std::optional<Tensor>>> runNode(const Graph& graph, const Node& node,
                                                          const KernelRegistry& kernels);

}  // namespace quant
