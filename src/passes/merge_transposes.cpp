#include <algorithm>
#include <optional>

#include "passes/pass.h"

namespace quant {

namespace {

std::optional<std::vector<int64_t>> permOf(const Graph& graph, const Node& transpose) {
  const auto perm = transpose.attr("perm", std::vector<int64_t>());
  if (!perm.empty()) return perm;
  const auto type = graph.valueType(transpose.input(0));
  if (!type || !type->shape) return {};
  std::vector<int64_t> reversed(type->shape->size());
  for (size_t i = 0; i < reversed.size(); ++i) reversed[i] = std::ssize(reversed) - 1 - static_cast<int64_t>(i);
  return reversed;
}

/// Axis i of the second result is axis second[i] of the first, which is axis first[second[i]] of the source.
std::optional<std::vector<int64_t>> composed(const std::vector<int64_t>& first, const std::vector<int64_t>& second) {
  if (first.size() != second.size()) return {};
  std::vector<int64_t> perm;
  for (const int64_t axis : second) {
    if (axis < 0 || axis >= std::ssize(first)) return {};
    perm.push_back(first[static_cast<size_t>(axis)]);
  }
  return perm;
}

std::optional<std::vector<int64_t>> match(const Graph& graph, const Node& second, const Node* first) {
  if (!second.is("Transpose") || first == nullptr || !first->is("Transpose")) return {};
  const auto inner = permOf(graph, *first), outer = permOf(graph, second);
  return inner && outer ? composed(*inner, *outer) : std::nullopt;
}

}  // namespace

//   x -> Transpose(p) -> Transpose(q) -> y   becomes   x -> Transpose(p[q]) -> y
//
// The first stays for others that read it; p[q] = 0, 1, 2... is then an identity, for another pass to remove.
int mergeTransposes(Graph& graph) {
  int merged = 0;
  for (Node* node : graph.nodes()) {
    const Node* first = graph.producer(node->input(0));
    const auto perm = match(graph, *node, first);
    if (!perm) continue;
    node->setAttr("perm", *perm);
    graph.setInput(*node, 0, std::string(first->input(0)));
    ++merged;
  }
  return merged;
}

}  // namespace quant
