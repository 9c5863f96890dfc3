#include "runtime/lowering/activation.h"

#include "graph/clamp.h"

namespace quant {

namespace {

/// x * c, x / c: nothing more than a factor.
std::optional<FusedActivation> scalingOf(const Graph& graph, const Node& node, const std::string& value) {
  const bool is_product = node.is("Mul");
  if ((!is_product && !node.is("Div")) || node.inputCount() != 2) return {};
  const int side = node.input(0) == value ? 0 : 1;
  if (!is_product && side == 1) return {};
  const auto factor = scalarConstant(graph, node.input(1 - side));
  if (!factor || (!is_product && *factor == 0)) return {};
  return FusedActivation{"Linear", is_product ? *factor : 1 / *factor, 0};
}

std::optional<FusedActivation> geluOf(const Node& node) {
  const std::string approximate = node.attr("approximate", "none");
  if (approximate == "tanh") return FusedActivation{"GeluTanh"};
  return approximate == "none" ? std::optional(FusedActivation{"Gelu"}) : std::nullopt;
}

}  // namespace

std::optional<FusedActivation> activationOf(const Graph& graph, const Node& node, const std::string& value) {
  if (node.opType() == "Gelu") return geluOf(node);
  if (!node.domain().empty()) return {};
  if (auto scaling = scalingOf(graph, node, value)) return scaling;
  if (node.input(0) != value) return {};
  const std::string& op = node.opType();
  if (op == "Relu") return FusedActivation{"Relu"};
  if (const auto clamp = clampOf(graph, node)) return FusedActivation{"Clip", clamp->low, clamp->high};
  if (op == "LeakyRelu") return FusedActivation{"LeakyRelu", node.attr("alpha", 0.01F)};
  if (op == "PRelu") {
    const auto slope = scalarConstant(graph, node.input(1));
    return slope ? std::optional(FusedActivation{"LeakyRelu", *slope}) : std::nullopt;
  }
  if (op == "HardSigmoid") return FusedActivation{op, node.attr("alpha", 0.2F), node.attr("beta", 0.5F)};
  if (op == "Elu" || op == "Swish") return FusedActivation{op, node.attr("alpha", 1.0F)};
  if (op == "HardSwish" || op == "Sigmoid" || op == "Tanh") return FusedActivation{op};
  return {};
}

void setActivation(Node& node, const FusedActivation& activation) {
  node.setAttr("activation", activation.name);
  node.setAttr("activation_alpha", activation.alpha);
  node.setAttr("activation_beta", activation.beta);
}

Node* soleReader(Graph& graph, const std::string& value, const std::set<std::string>& watched) {
  if (!graph.hasSingleUse(value) || watched.contains(value)) return nullptr;
  return graph.consumers(value).front();
}

std::optional<float> scalarConstant(const Graph& graph, const std::string& value) {
  const Tensor* tensor = graph.constant(value);
  if (tensor == nullptr || tensor->type() != DataType::kFloat32) return {};
  if (tensor->elementCount() != 1 || tensor->rank() > 1) return {};
  return tensor->data<float>()[0];
}

bool haveSameShape(const Graph& graph, const std::string& a, const std::string& b) {
  const auto first = graph.valueType(a), second = graph.valueType(b);
  if (!first || !second || !first->shape || !second->shape || *first->shape != *second->shape) return false;
  for (size_t axis = 0; axis < first->shape->size(); ++axis) {
    if ((*first->shape)[axis] >= 0) continue;
    const std::string name = graph.sizeName(a, static_cast<int64_t>(axis));
    if (name.empty() || name != graph.sizeName(b, static_cast<int64_t>(axis))) return false;
  }
  return true;
}

}  // namespace quant
