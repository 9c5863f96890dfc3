#pragma once

#include <onnx/onnx_pb.h>

#include <set>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "runtime/kernel.h"

namespace quant {

/// Nodes without a kernel of their own become the nodes that define them: the function body that ONNX gives for
/// operators such as Attention, or what an operator of com.microsoft or ai.onnx.ml is short for. Values keep their
/// names, types are inferred where a body depends on them. Returns how many nodes were replaced; what has neither
/// kernel nor definition stays.
int expandFunctions(Graph& graph, const KernelRegistry& kernels);

/// True for an operator that `expandFunctions` can take apart.
bool isFunction(const Node& node, int64_t opset);

/// The nodes that stand for one node, built one after the other.
class Expansion {
 public:
  Expansion(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  [[nodiscard]] const Node& node() const { return node_; }
  /// A node with one output, whose name is returned; attributes can be set on the node that `last` gives.
  std::string add(const char* op_type, const std::vector<std::string>& inputs, const char* domain = "");
  /// The last node added, to be changed.
  onnx::NodeProto& last() { return nodes_.back(); }
  /// Makes `value`, a result of an added node, output `index` of the replaced node, if it has that output.
  void bind(size_t index, const std::string& value);
  /// How many axes a value has, as far as the graph says; -1 when it does not.
  [[nodiscard]] int64_t rankOf(const std::string& value) const;
  /// Says that this node stays as it is: a form of it that is not taken apart, or not while so little is known.
  void decline() { is_declined_ = true; }
  [[nodiscard]] bool isDeclined() const { return is_declined_; }
  std::vector<onnx::NodeProto> take() { return std::move(nodes_); }

 private:
  const Graph& graph_;
  const Node& node_;
  bool is_declined_ = false;
  std::set<std::string> made_;
  std::vector<onnx::NodeProto> nodes_;
};

/// Builds what a contributed operator is short for; null when it is none of those.
using ExpansionRule = void (*)(Expansion& expansion);
ExpansionRule contributedFunction(const Node& node);

}  // namespace quant
