#include "runtime/lowering/lowering.h"

#include "graph/constant_node.h"
#include "runtime/lowering/evaluate.h"

namespace quant {

namespace {

/// What Constant nodes give, and Transpose nodes of constants (tied embeddings).
std::optional<Tensor> constantOf(const Graph& graph, const Node& node) {
  if (!node.is("Transpose")) return valueOfConstantNode(node);
  return graph.isConstant(node.input(0)) ? evaluateConstant(graph, node) : std::nullopt;
}

/// They are constants too: kernels keep what they derive from those.
void gatherConstants(Graph& graph, const std::set<std::string>& watched) {
  for (Node* node : graph.nodes()) {
    const std::string value = node->output();
    auto tensor = watched.contains(value) || graph.isOutput(value) ? std::nullopt : constantOf(graph, *node);
    if (!tensor) continue;
    graph.removeNode(*node);
    graph.defineConstant(value, std::move(*tensor));
  }
}

}  // namespace

void lower(Graph& graph, Backend backend, const std::set<std::string>& watched) {
  gatherConstants(graph, watched);
  replaceActivations(graph, watched);
  simplifyQuantization(graph, watched);
  absorbChannelFactors(graph, watched);
  fuseQuantizedGroups(graph, watched);
  fuseDynamicProducts(graph, watched);
  if (backend == Backend::kReference) return;
  fuseLevelledQuantization(graph, watched);
  fuseAttention(graph, watched);
  unpackWeights(graph);
  fuseFloatChains(graph, watched);
}

}  // namespace quant
