#pragma once

#include <onnx/onnx_pb.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/tensor.h"
#include "graph/derived_constant.h"
#include "graph/node.h"

namespace quant {

/// What is known about a value before the model runs.
struct ValueType {
  DataType type = DataType::kUndefined;
  /// Sizes along each axis, -1 where only a run can tell; nothing when not even the rank is known.
  std::optional<Shape> shape;

  /// True when every size is known.
  [[nodiscard]] bool isStatic() const;
  bool operator==(const ValueType&) const = default;
};

/// The main graph of a model, indexed by value name, together with the rest of the model.
///
/// Nodes and initializers move out of the ModelProto (no copy of the weights); `release` puts them back. Everything
/// else (metadata, functions, unknown fields) stays untouched in between.
class Graph {
 public:
  /// Throws (bad input) when two nodes or constants produce the same value.
  explicit Graph(onnx::ModelProto model);
  Graph(Graph&&) noexcept = default;
  Graph& operator=(Graph&&) noexcept = default;

  /// Another graph to rewrite; the constants are shared, not copied.
  [[nodiscard]] Graph clone() const;
  /// The model with this graph in it, nodes in topological order, every constant's data inside.
  [[nodiscard]] onnx::ModelProto release() &&;
  /// The model with everything but its initializers. They stay in the graph, which is good for nothing else from then
  /// on: this is for writing them one by one.
  [[nodiscard]] onnx::ModelProto releaseNodes();

  // --- nodes -----------------------------------------------------------------------------------------------------
  /// Nodes in topological order, as near to the file's order as that allows. The pointers stay valid as long as the
  /// graph: a loop may remove nodes that it has not reached yet, which then are empty (no operator, no values).
  /// Throws (bad input) when the graph has a cycle.
  [[nodiscard]] std::vector<Node*> nodes();
  [[nodiscard]] std::vector<const Node*> nodes() const;
  [[nodiscard]] size_t nodeCount() const { return nodes_.size(); }
  Node& addNode(onnx::NodeProto proto);
  void removeNode(Node& node);
  /// Removes `node` and puts other nodes into its place in the order.
  void replaceNode(Node& node, std::vector<onnx::NodeProto> by);
  void setInput(Node& node, int index, const std::string& value);
  void setOutput(Node& node, int index, const std::string& value);

  // --- values ----------------------------------------------------------------------------------------------------
  /// The node that computes `value`; null for graph inputs and constants.
  [[nodiscard]] Node* producer(const std::string& value);
  [[nodiscard]] const Node* producer(const std::string& value) const;
  /// Every node that reads `value`, once each, in no particular order; nodes whose subgraphs capture it count.
  [[nodiscard]] std::vector<Node*> consumers(const std::string& value);
  [[nodiscard]] std::vector<const Node*> consumers(const std::string& value) const;
  /// Names of the inputs to be fed (graph inputs that are not also initializers), in order.
  [[nodiscard]] std::vector<std::string> inputs() const;
  [[nodiscard]] std::vector<std::string> outputs() const;
  [[nodiscard]] bool isInput(const std::string& value) const;
  [[nodiscard]] bool isOutput(const std::string& value) const;
  /// True when a subgraph of some node reads `value`, which therefore must keep its name.
  [[nodiscard]] bool isCaptured(const std::string& value) const;
  /// True when one node reads `value` in one place and nothing else can see it (no graph output, no subgraph).
  [[nodiscard]] bool hasSingleUse(const std::string& value) const;
  /// Makes every node that reads `value` read `by` instead. Graph outputs and subgraphs keep reading `value`; see
  /// `bypass`.
  void replaceUses(const std::string& value, const std::string& by);
  /// Removes a node whose one output equals its input 0, so that every reader sees that input instead. Declines (false)
  /// when a graph output or a subgraph needs both names.
  bool bypass(Node& node);
  /// A name that no value (subgraphs' among them), node or graph input has: `base`, or `base_1`, ...
  [[nodiscard]] std::string uniqueName(const std::string& base) const;
  /// Makes `uniqueName` pass over every name of `outer`, the graph that this one is a body in.
  void avoidNamesOf(const Graph& outer);

  // --- constants -------------------------------------------------------------------------------------------------
  [[nodiscard]] bool isConstant(const std::string& value) const { return constants_.contains(value); }
  /// The elements of an initializer, or null when `value` is not one. The tensor belongs to the graph, which makes a
  /// derived constant at the first call and keeps it.
  [[nodiscard]] const Tensor* constant(const std::string& value) const;
  /// The initializer as the file holds it, or null.
  [[nodiscard]] const onnx::TensorProto* constantProto(const std::string& value) const;
  /// Names of all constants, in the file's order.
  [[nodiscard]] std::vector<std::string> constants() const;
  /// True when `constantProto` holds the elements, or says where they are; otherwise it has only name, type and dims.
  [[nodiscard]] bool isDataInProto(const std::string& value) const { return !constants_.at(value).data_in_tensor; }
  /// True when the elements are made on demand. Shape inference never asks for them.
  [[nodiscard]] bool isDerived(const std::string& value) const;
  /// Hands an initializer's elements to `sink`, in order; a derived constant is made for that, and not kept.
  void readConstant(const std::string& value, const ByteSink& sink) const;
  /// Adds an initializer and returns its name, `base_name` made unique.
  std::string addConstant(const std::string& base_name, Tensor tensor);
  std::string addConstant(const std::string& base_name, DerivedConstant constant);
  /// Makes `value`, which nothing produces (any more), an initializer: its readers, subgraphs among them, stay.
  void defineConstant(const std::string& value, Tensor tensor);
  void defineConstant(const std::string& value, DerivedConstant constant);
  /// Takes over the constant `value` of another graph; the elements are shared.
  void shareConstant(const std::string& value, const Graph& from);
  /// Also drops the graph input of that name, by which old files declare their initializers.
  void removeConstant(const std::string& value);
  /// Gives the initializer `value` its elements, where the file keeps them elsewhere (external data).
  void attachData(const std::string& value, Tensor tensor);
  /// Changes how the file holds the initializer `value`.
  void setConstantProto(const std::string& value, onnx::TensorProto proto);
  /// Removes nodes whose outputs nobody reads and are not in `keep`, then constants that nobody reads; returns how
  /// many.
  int removeUnused(const std::set<std::string>& keep = {});

  // --- types -----------------------------------------------------------------------------------------------------
  /// What the last `inferShapes`, the file, or an initializer says of `value`; nothing when unknown.
  [[nodiscard]] std::optional<ValueType> valueType(const std::string& value) const;
  /// Runs ONNX's shape inference (with data propagation) over the whole graph. Throws (bad input) when types or shapes
  /// contradict each other; operators that ONNX does not know are passed over, with what the file says of their
  /// results.
  void inferShapes();
  void setValueType(const std::string& value, ValueType type);
  /// The name of a size that only a run can tell ("batch"): sizes of the same name are equal. Empty when the size is
  /// known, or when nothing is known of it.
  [[nodiscard]] std::string sizeName(const std::string& value, int64_t axis) const;

  // --- the model around it ---------------------------------------------------------------------------------------
  /// The version imported for `domain` ("" is ONNX's own); 0 when it is not imported.
  [[nodiscard]] int64_t opset(std::string_view domain = "") const;
  void setOpset(std::string_view domain, int64_t version);
  [[nodiscard]] std::optional<std::string> metadata(const std::string& key) const;
  void setMetadata(const std::string& key, const std::string& value);
  /// The model without nodes and initializers.
  [[nodiscard]] const onnx::ModelProto& rest() const { return rest_; }
  [[nodiscard]] onnx::ModelProto& rest() { return rest_; }
  /// A copy of the model to look at, with sorted nodes that all have a name; constants too large to be a shape stand in
  /// it as typed inputs, so that no weight is copied.
  [[nodiscard]] onnx::ModelProto skeleton() const;

  /// Throws (bad input) when an edge dangles, a value has two producers or the graph has a cycle. The pass runner calls
  /// it after every pass.
  void verify() const;

 private:
  struct Constant {
    std::shared_ptr<onnx::TensorProto> proto;
    mutable std::optional<Tensor> tensor;            // made at the first use
    bool data_in_tensor = false;                     // the proto has only name, type and dims
    size_t position = 0;                             // in the file
    std::shared_ptr<const DerivedConstant> derived;  // makes the tensor
  };

  Constant& declareConstant(const std::string& name, DataType type, const Shape& shape);
  void index(Node& node);
  void unindex(Node& node);
  void learnType(const onnx::ValueInfoProto& info);
  [[nodiscard]] std::vector<Node*> sorted() const;
  void forgetProducer(const std::string& value, const Node& node);
  void forgetLostValues();
  [[nodiscard]] const Node* stuckProducer(const Node& node,
                                          const std::unordered_map<const Node*, size_t>& waiting) const;

  onnx::ModelProto rest_;
  std::vector<std::unique_ptr<Node>> nodes_, removed_;
  std::unordered_map<std::string, Constant> constants_;
  std::unordered_map<std::string, Node*> producers_;
  std::unordered_map<std::string, std::vector<Node*>> consumers_;  // one entry for each place that reads
  std::unordered_map<std::string, ValueType> types_;
  std::unordered_map<std::string, std::vector<std::string>> size_names_;  // for each axis; only where there is one
  std::unordered_set<std::string> taken_names_;                           // in subgraphs and in graphs around this one
  size_t next_position_ = 0;
  bool has_lost_values_ = false;  // a node that produced something was removed or renamed its output
};

/// One node a line, "out = Op(in, ...)", for logs and messages.
std::string dump(const Graph& graph);

}  // namespace quant
