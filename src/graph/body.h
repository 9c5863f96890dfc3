#pragma once

#include <functional>
#include <set>
#include <string>

#include "graph/graph.h"

namespace quant {

/// A body of an If, Loop or Scan node, opened as a graph of its own: whatever works on graphs works on it.
///
/// Values of the graphs around it that it reads stand in it as constants, where they are constants there (their
/// elements are shared), else as inputs behind its own. Sizes that may change from one iteration of a Loop to the next
/// are unknown, and new names (`uniqueName`) differ from those of the graphs around it.
class Body {
 public:
  /// `proto` is a subgraph of `owner`, which stands in `outer`.
  Body(const Graph& outer, const Node& owner, onnx::GraphProto proto);

  [[nodiscard]] Graph& graph() { return graph_; }
  [[nodiscard]] const Graph& graph() const { return graph_; }
  /// How many of the graph's inputs are the body's own.
  [[nodiscard]] size_t inputCount() const { return input_count_; }

  /// The body to put back into its owner: without what it only captures.
  [[nodiscard]] onnx::GraphProto close() &&;

 private:
  std::set<std::string> captures_;
  google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> inputs_;  // as the file declares them
  size_t input_count_ = 0;
  Graph graph_;
};

/// Hands every body inside `graph`, innermost first, to `rewrite`, which returns how many changes it made, and puts
/// back those that changed. Returns the number of all changes. What holds for a pass holds for `rewrite`: a captured
/// constant that should be another one becomes a new constant, in the body.
int rewriteBodies(Graph& graph, const std::function<int(Graph& body)>& rewrite);

}  // namespace quant
