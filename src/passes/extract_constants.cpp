#include "graph/constant_node.h"
#include "passes/pass.h"

namespace quant {

//   x = Constant<value>()   becomes   the initializer x
//
// The value keeps its name, so that subgraphs may go on reading it. Graph outputs stay computed by a node: not every
// client takes an initializer for one.
int extractConstants(Graph& graph) {
  int extracted = 0;
  for (Node* node : graph.nodes()) {
    auto tensor = graph.isOutput(node->output()) ? std::nullopt : valueOfConstantNode(*node);
    if (!tensor) continue;
    const std::string value = node->output();
    graph.removeNode(*node);
    graph.defineConstant(value, std::move(*tensor));
    ++extracted;
  }
  return extracted;
}

}  // namespace quant
