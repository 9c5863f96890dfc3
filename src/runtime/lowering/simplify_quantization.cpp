#include <cstring>

#include "runtime/lowering/evaluate.h"
#include "runtime/lowering/lowering.h"

namespace quant {

namespace {

bool equalConstants(const Graph& graph, const std::string& a, const std::string& b) {
  if (a == b) return true;
  const Tensor* const x = graph.constant(a);
  const Tensor* const y = graph.constant(b);
  return x != nullptr && y != nullptr && x->type() == y->type() && x->shape() == y->shape() &&
         std::memcmp(x->bytes(), y->bytes(), x->byteSize()) == 0;
}

/// The parameters of two nodes of one operator that read the same value.
bool areEqual(const Graph& graph, const Node& a, const Node& b) {
  if (a.opType() != b.opType() || a.domain() != b.domain() || a.inputCount() != b.inputCount()) return false;
  for (int i = 1; i < a.inputCount(); ++i) {
    if (!equalConstants(graph, a.input(i), b.input(i))) return false;
  }
  const auto axis = [](const Node& node) { return node.attr("axis", int64_t{1}); };
  const auto block = [](const Node& node) { return node.attr("block_size", int64_t{0}); };
  const auto type = [](const Node& node) { return node.attr("output_dtype", int64_t{0}); };
  return axis(a) == axis(b) && block(a) == block(b) && type(a) == type(b);
}

bool isVisible(const Graph& graph, const std::string& value, const std::set<std::string>& watched) {
  return graph.isOutput(value) || graph.isCaptured(value) || watched.contains(value);
}

/// Lets the readers of `node` read what an equal node gives.
bool mergeIntoEqual(Graph& graph, Node& node, const std::set<std::string>& watched) {
  if (isVisible(graph, node.output(), watched)) return false;
  for (Node* other : graph.consumers(node.input(0))) {
    if (other == &node || other->input(0) != node.input(0) || !areEqual(graph, node, *other)) continue;
    graph.replaceUses(node.output(), other->output());
    graph.removeNode(node);
    return true;
  }
  return false;
}

bool foldConstant(Graph& graph, Node& node) {
  if (!node.is("QuantizeLinear") || !graph.isConstant(node.input(0))) return false;
  auto integers = evaluateConstant(graph, node);
  if (!integers) return false;
  const std::string value = node.output();
  graph.removeNode(node);
  graph.defineConstant(value, std::move(*integers));
  return true;
}

}  // namespace

// In topological order: where two equal QuantizeLinear became one, the DequantizeLinear behind them are equal as well.
int simplifyQuantization(Graph& graph, const std::set<std::string>& watched) {
  int removed = 0;
  for (Node* node : graph.nodes()) {
    if (!node->is("QuantizeLinear") && !node->is("DequantizeLinear")) continue;
    removed += mergeIntoEqual(graph, *node, watched) || foldConstant(graph, *node) ? 1 : 0;
  }
  return removed;
}

}  // namespace quant
