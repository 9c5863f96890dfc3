#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/lowering/lowering.h"
#include "runtime/lowering/scalar_region.h"
#include "runtime/reference/activation_functions.h"

namespace quant {

namespace {

// A decomposed activation is recognised by what it computes, not by the order in which an export writes it: all its
// operators are smooth, so that one that agrees over an interval agrees everywhere.

constexpr std::array<std::string_view, 8> kSmooth = {"Mul", "Add", "Sub", "Div", "Pow", "Erf", "Tanh", "Sigmoid"};

bool isSmooth(const Node& node) {
  return node.domain().empty() && std::ranges::find(kSmooth, node.opType()) != kSmooth.end();
}

bool hasCurve(const ScalarRegion& region) {
  return std::ranges::any_of(
      region.nodes, [](const Node* node) { return node->is("Erf") || node->is("Tanh") || node->is("Sigmoid"); });
}

/// What is computed in another width is not compared with functions of float.
bool isOfFloat32(const Graph& graph, const ScalarRegion& region) {
  const auto source = graph.valueType(region.source);
  if (source && source->type != DataType::kFloat32) return false;
  return std::ranges::all_of(region.nodes, [&](const Node* node) {
    return std::ranges::all_of(node->proto().input(), [&](const std::string& input) {
      const Tensor* constant = graph.constant(input);
      return constant == nullptr || constant->type() == DataType::kFloat32 || !isFloatingPoint(constant->type());
    });
  });
}

struct Candidate {
  const char* op_type;
  const char* domain;
  const char* attribute;  // null: none
  double (*function)(double);
};

constexpr double kQuick = 1.702;  // x * sigmoid(1.702 x), a cheap Gelu

constexpr std::array kCandidates = {
    Candidate{"Gelu", "com.microsoft", nullptr, reference::gelu},
    Candidate{"Gelu", "com.microsoft", "tanh", reference::geluTanh},
    Candidate{"Swish", "", nullptr, [](double x) { return reference::swish(x, 1); }},
    Candidate{"Swish", "", "quick", [](double x) { return reference::swish(x, kQuick); }},
};

/// The interval in which the candidates differ from each other and from x and 0.
Tensor samples() {
  constexpr int kSteps = 128;
  Tensor x(DataType::kFloat32, {2 * kSteps + 1});
  float next = -kSteps;
  for (float& value : x.data<float>()) value = next++ / 16;
  return x;
}

bool agrees(const Tensor& x, const Tensor& y, double (*function)(double)) {
  for (size_t i = 0; i < x.data<float>().size(); ++i) {
    const double real = x.data<float>()[i];
    if (!(std::abs(y.data<float>()[i] - function(real)) <= 4e-6 * std::max(1.0, std::abs(real)))) return false;
  }
  return true;
}

const Candidate* candidateFor(const Graph& graph, const ScalarRegion& region) {
  if (region.nodes.size() < 2 || !hasCurve(region) || !isOfFloat32(graph, region)) return nullptr;
  const Tensor x = samples(), y = region.evaluate(graph, x);
  if (y.type() != DataType::kFloat32 || y.shape() != x.shape()) return nullptr;
  const auto* found = std::ranges::find_if(kCandidates, [&](const Candidate& c) { return agrees(x, y, c.function); });
  return found == kCandidates.end() ? nullptr : found;
}

void replace(Graph& graph, const ScalarRegion& region, const Candidate& by) {
  onnx::NodeProto proto =
      makeNode(by.op_type, {region.source}, {region.result()}, region.nodes.back()->name(), by.domain);
  for (Node* node : region.nodes) graph.removeNode(*node);
  Node& added = graph.addNode(std::move(proto));
  if (by.attribute == nullptr) return;
  if (added.opType() == "Gelu")
    added.setAttr("approximate", std::string(by.attribute));
  else
    added.setAttr("alpha", static_cast<float>(kQuick));
}

bool replaceAt(Graph& graph, Node& node, const std::set<std::string>& watched) {
  if (!node.is("Mul")) return false;  // all candidates end in a product
  const Candidate* candidate = nullptr;
  const auto region = findScalarRegion(graph, node, watched, isSmooth, [&](const ScalarRegion& found) {
    candidate = candidateFor(graph, found);
    return candidate != nullptr;
  });
  if (region) replace(graph, *region, *candidate);
  return region.has_value();
}

}  // namespace

int replaceActivations(Graph& graph, const std::set<std::string>& watched) {
  int replaced = 0;
  std::vector<Node*> nodes = graph.nodes();
  std::ranges::reverse(nodes);  // the last product of an activation holds all of it
  for (Node* node : nodes) replaced += replaceAt(graph, *node, watched) ? 1 : 0;
  return replaced;
}

}  // namespace quant
