#include <algorithm>
#include <optional>
#include <string_view>

#include "graph/constant_numbers.h"
#include "passes/pass.h"

namespace quant {

namespace {

constexpr std::string_view kReshaping[] = {"Reshape", "Flatten", "Squeeze", "Unsqueeze"};

bool isReshaping(const Node& node) {
  return node.domain().empty() && std::ranges::find(kReshaping, node.opType()) != std::end(kReshaping);
}

/// True when axis i has the same size in both values, at every run.
bool haveSameSize(const Graph& graph, const std::string& a, const std::string& b, int64_t i) {
  const auto type_a = graph.valueType(a), type_b = graph.valueType(b);
  if (!type_a || !type_b || !type_a->shape || !type_b->shape) return false;
  if (i >= std::ssize(*type_a->shape) || i >= std::ssize(*type_b->shape)) return false;
  const int64_t size_a = (*type_a->shape)[static_cast<size_t>(i)], size_b = (*type_b->shape)[static_cast<size_t>(i)];
  if (size_a >= 0 || size_b >= 0) return size_a == size_b;
  return !graph.sizeName(a, i).empty() && graph.sizeName(a, i) == graph.sizeName(b, i);
}

/// A target says the same of any input with as many elements, but for a 0, which copies a size of the input.
bool targetHoldsFor(const Graph& graph, const Node& reshape, const std::string& source) {
  const auto target = intConstant(graph, reshape.input(1));
  if (!target) return false;
  if (reshape.attr("allowzero", int64_t{0}) != 0) return true;
  for (int64_t i = 0; i < std::ssize(*target); ++i) {
    const bool copies = (*target)[static_cast<size_t>(i)] == 0;
    if (copies && !haveSameSize(graph, reshape.input(0), source, i)) return false;
  }
  return true;
}

}  // namespace

//   x -> Flatten -> Reshape(target) -> y   becomes   x -> Reshape(target) -> y
//
// Likewise after Reshape, Squeeze and Unsqueeze. The first stays for others that read it.
int mergeReshapes(Graph& graph) {
  int merged = 0;
  for (Node* node : graph.nodes()) {
    const Node* first = node->is("Reshape") ? graph.producer(node->input(0)) : nullptr;
    if (first == nullptr || !isReshaping(*first) || !targetHoldsFor(graph, *node, first->input(0))) continue;
    graph.setInput(*node, 0, std::string(first->input(0)));
    ++merged;
  }
  return merged;
}

}  // namespace quant
