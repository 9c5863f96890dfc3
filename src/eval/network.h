#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/quant_params.h"
#include "graph/graph.h"

namespace quant {

/// A value that can be compared as real numbers: as it is, or dequantized.
struct RealValue {
  std::string name;
  std::optional<QuantParams> params;  ///< for integers that stand for reals
};

/// The operator on reals that a node computes: "Conv" for a QLinearConv.
std::string_view meaningOf(const Node& node);

/// True for a node whose result is its input 0, but for how it is stored.
bool isTransparent(const Graph& graph, const Node& node);

/// A graph whose values are told apart by what computes them. Values that differ only in how they are stored are forms
/// of one value, called by the first of them: its root.
class Network {
 public:
  explicit Network(const Graph& graph);

  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] const std::vector<const Node*>& nodes() const { return nodes_; }
  [[nodiscard]] bool isTransparentNode(const Node& node) const;

  /// The value that `value` is another form of; empty for a mere parameter.
  [[nodiscard]] std::string rootOf(const std::string& value) const;

  /// `root` and the values that are other forms of it, in topological order.
  [[nodiscard]] std::vector<std::string> namesOf(const std::string& root) const;

  /// Roots of the inputs that depend on the graph's inputs, in order.
  [[nodiscard]] std::vector<std::string> sourcesOf(const Node& node) const;

  /// Nodes whose first source is `root`, in topological order.
  [[nodiscard]] std::vector<const Node*> readersOf(const std::string& root) const;

  /// The largest constant that `node` reads, as stored: its weights. Null when it has none.
  [[nodiscard]] const Tensor* weightsOf(const Node& node) const;

  /// The forms in which `root` can be watched, best first: integers of known meaning, dequantized, as computed.
  [[nodiscard]] std::vector<RealValue> formsOf(const std::string& root);

  /// What the integers of `value` mean, as the node that makes them or one that reads them says.
  [[nodiscard]] std::optional<QuantParams> paramsOf(const std::string& value);

 private:
  [[nodiscard]] bool isConstant(const std::string& value) const;
  [[nodiscard]] bool isConstantNode(const Node& node) const { return sourcesOf(node).empty(); }
  [[nodiscard]] std::optional<QuantParams> paramsReadBy(const Node& reader, const std::string& value);

  Graph graph_;
  std::vector<const Node*> nodes_;
  std::unordered_map<std::string, std::string> roots_;
  std::unordered_map<std::string, std::vector<std::string>> forms_;  // by root
  std::unordered_map<std::string, std::vector<const Node*>> readers_;
  std::unordered_set<std::string> constants_;  // computed from constants alone
};

}  // namespace quant
