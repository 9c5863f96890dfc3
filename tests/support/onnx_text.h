#pragma once

#include <onnx/defs/parser.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace quant::test {

/// A model from ONNX's text syntax: "g (float[1] x) => (float[1] y) { y = Relu(x) }". com.microsoft is imported too.
inline onnx::ModelProto parseModel(const std::string& text, int opset = 13) {
  onnx::ModelProto model;
  const std::string source =
      "<ir_version: 8, opset_import: [\"\": " + std::to_string(opset) + ", \"com.microsoft\": 1]>\n" + text;
  const auto status = onnx::OnnxParser::Parse(model, source.c_str());
  if (!status.IsOK()) throw std::runtime_error("test model does not parse: " + status.ErrorMessage());
  return model;
}

inline Graph parseGraph(const std::string& text, int opset = 13) { return Graph(parseModel(text, opset)); }

/// With the types and shapes of all values, as the program's commands have it.
inline Graph parseInferred(const std::string& text, int opset = 13) {
  Graph graph = parseGraph(text, opset);
  graph.inferShapes();
  return graph;
}

/// Operator names in topological order.
inline std::vector<std::string> opTypes(const Graph& graph) {
  std::vector<std::string> types;
  for (const Node* node : graph.nodes()) types.push_back(node->opType());
  return types;
}

}  // namespace quant::test
