#include <array>
#include <optional>

#include "runtime/lowering/lowering.h"
#include "runtime/reference/small_weights.h"

namespace quant {

namespace {

/// The weights of a MatMulNBits where they are all constants.
std::optional<Tensor> weightsOf(const Graph& graph, const Node& node) {
  std::array<const Tensor*, 4> inputs{};
  for (int i = 1; i <= 4; ++i) {
    if (!node.hasInput(i)) continue;
    inputs[static_cast<size_t>(i - 1)] = graph.constant(node.input(i));
    if (inputs[static_cast<size_t>(i - 1)] == nullptr) return {};
  }
  return reference::dequantizeProductWeights(node, {inputs[0], inputs[1], inputs[2], inputs[3]});
}

void replaceProduct(Graph& graph, Node& node, Tensor weights) {
  const std::string result = node.output(), label = node.label();
  const std::string real = graph.addConstant(node.input(1) + "_real", std::move(weights));
  if (!node.hasInput(5)) return graph.replaceNode(node, {makeNode("MatMul", {node.input(0), real}, {result}, label)});
  const std::string product = graph.uniqueName(result + "_product"), bias = node.input(5);
  graph.replaceNode(node, {makeNode("MatMul", {node.input(0), real}, {product}, label),
                           makeNode("Add", {product, bias}, {result}, label + "_bias")});
}

}  // namespace

int unpackWeights(Graph& graph) {
  int unpacked = 0;
  for (Node* node : graph.nodes()) {
    if (node->opType() != "MatMulNBits" || node->domain() != "com.microsoft") continue;
    auto weights = weightsOf(graph, *node);
    if (!weights) continue;
    replaceProduct(graph, *node, std::move(*weights));
    ++unpacked;
  }
  return unpacked;
}

}  // namespace quant
