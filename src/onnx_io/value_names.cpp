#include "onnx_io/value_names.h"

#include <fmt/format.h>

#include "graph/subgraphs.h"

namespace quant {

ValueNames::ValueNames(const onnx::ModelProto& model) {
  collect(model.graph());
  for (const auto& function : model.functions()) {
    taken_.insert(function.input().begin(), function.input().end());
    read_.insert(function.output().begin(), function.output().end());
    for (const auto& node : function.node()) collect(node);
  }
}

std::string ValueNames::unique(const std::string& base) {
  if (taken_.insert(base).second) return base;
  int& last = last_suffix_[base];  // thousands of copies of one name would else each try all the earlier ones
  std::string name;
  do {
    name = fmt::format("{}_{}", base, ++last);
  } while (!taken_.insert(name).second);
  return name;
}

void ValueNames::collect(const onnx::GraphProto& graph) {
  for (const auto& info : graph.input()) taken_.insert(info.name());
  for (const auto& tensor : graph.initializer()) taken_.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) taken_.insert(tensor.values().name());
  for (const auto& info : graph.output()) read_.insert(info.name());
  for (const auto& node : graph.node()) collect(node);
}

void ValueNames::collect(const onnx::NodeProto& node) {
  taken_.insert(node.name());
  taken_.insert(node.output().begin(), node.output().end());
  read_.insert(node.input().begin(), node.input().end());
  forEachSubgraph(node, [&](const onnx::GraphProto& graph) { collect(graph); });
}

}  // namespace quant
