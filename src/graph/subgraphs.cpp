#include "graph/subgraphs.h"

#include <algorithm>

namespace quant {

namespace {

void collectCaptures(const onnx::GraphProto& graph, std::set<std::string> visible, std::set<std::string>& captures) {
  for (const auto& input : graph.input()) visible.insert(input.name());
  for (const auto& tensor : graph.initializer()) visible.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) visible.insert(tensor.values().name());
  const auto read = [&](const std::string& value) {
    if (!value.empty() && !visible.contains(value)) captures.insert(value);
  };
  for (const auto& node : graph.node()) {
    for (const auto& value : node.input()) read(value);
    forEachSubgraph(node, [&](const onnx::GraphProto& inner) { collectCaptures(inner, visible, captures); });
    for (const auto& value : node.output()) visible.insert(value);
  }
  for (const auto& output : graph.output()) read(output.name());
}

}  // namespace

bool holdsSubgraph(const onnx::NodeProto& node) {
  return std::ranges::any_of(node.attribute(),
                             [](const auto& attribute) { return attribute.has_g() || attribute.graphs_size() > 0; });
}

std::set<std::string> capturesOf(const onnx::GraphProto& body) {
  std::set<std::string> captures;
  collectCaptures(body, {}, captures);
  return captures;
}

void renameReads(onnx::GraphProto& body, const std::string& value, const std::string& by) {
  for (auto& node : *body.mutable_node()) {
    for (auto& input : *node.mutable_input()) {
      if (input == value) input = by;
    }
    forEachSubgraph(node, [&](onnx::GraphProto& inner) {
      if (capturesOf(inner).contains(value)) renameReads(inner, value, by);
    });
  }
}

}  // namespace quant
