#include <optional>

#include "graph/clamp.h"
#include "runtime/lowering/lowering.h"

namespace quant {

namespace {

/// An activation as attributes of a fused operator.
struct Activation {
  std::string name;
  float alpha = 0, beta = 0;
  Node* last = nullptr;  // the node whose result the activation gives
};

/// The activation that `node` computes of its first input.
std::optional<Activation> activationOf(const Graph& graph, Node& node) {
  if (node.is("Relu")) return Activation{"Relu", 0, 0, &node};
  if (const auto clamp = clampOf(graph, node)) return Activation{"Clip", clamp->low, clamp->high, &node};
  if (node.is("LeakyRelu")) return Activation{"LeakyRelu", node.attr("alpha", 0.01F), 0, &node};
  if (node.is("HardSwish")) return Activation{"HardSwish", 0, 0, &node};
  if (node.is("Sigmoid")) return Activation{"Sigmoid", 0, 0, &node};
  if (node.is("Tanh")) return Activation{"Tanh", 0, 0, &node};
  return {};
}

/// x * Sigmoid(x), where `value` is x: read by the Sigmoid and the Mul and nothing else.
std::optional<Activation> swishOf(Graph& graph, const std::string& value, Node*& sigmoid) {
  const auto readers = graph.consumers(value);
  if (readers.size() != 2 || graph.isOutput(value) || graph.isCaptured(value)) return {};
  sigmoid = readers[0]->is("Sigmoid") ? readers[0] : readers[1];
  Node* mul = sigmoid == readers[0] ? readers[1] : readers[0];
  if (!sigmoid->is("Sigmoid") || !mul->is("Mul") || !graph.hasSingleUse(sigmoid->output())) return {};
  const bool multiplies = (mul->input(0) == value && mul->input(1) == sigmoid->output()) ||
                          (mul->input(1) == value && mul->input(0) == sigmoid->output());
  if (!multiplies) return {};
  return Activation{"Swish", 1, 0, mul};
}

void replaceWithFused(Graph& graph, Node& node, const Activation& activation, Node* between) {
  onnx::NodeProto fused = node.proto();
  fused.set_op_type("Fused" + node.opType());
  fused.set_domain(kFusedDomain);
  fused.set_output(0, activation.last->output());
  graph.removeNode(*activation.last);
  if (between != nullptr) graph.removeNode(*between);
  graph.removeNode(node);
  Node& added = graph.addNode(std::move(fused));
  added.setAttr("activation", activation.name);
  added.setAttr("activation_alpha", activation.alpha);
  added.setAttr("activation_beta", activation.beta);
}

bool fuse(Graph& graph, Node& node, const std::set<std::string>& watched) {
  if (!node.is("Conv") && !node.is("Gemm")) return false;
  const std::string& value = node.output();
  if (watched.contains(value)) return false;
  if (graph.hasSingleUse(value)) {
    Node& reader = *graph.consumers(value).front();
    const auto activation = activationOf(graph, reader);
    if (!activation || reader.input(0) != value) return false;
    replaceWithFused(graph, node, *activation, nullptr);
    return true;
  }
  Node* sigmoid = nullptr;
  const auto swish = swishOf(graph, value, sigmoid);
  if (!swish || watched.contains(sigmoid->output())) return false;
  replaceWithFused(graph, node, *swish, sigmoid);
  return true;
}

}  // namespace

int fuseActivations(Graph& graph, const std::set<std::string>& watched) {
  int fused = 0;
  for (Node* node : graph.nodes()) fused += fuse(graph, *node, watched) ? 1 : 0;
  return fused;
}

}  // namespace quant
