#pragma once

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/graph.h"
#include "quantizer/half_ports.h"

namespace quant {

/// All float32 values of a model, those in bodies of If, Loop and Scan among them, with who writes and who reads each.
///
/// Names are unique in a graph and what it encloses, but two bodies may use the same ones. So a value's and a node's
/// key is its path: "y" in the main graph, "z/then_branch/y" in a body of the node whose first output is "z".
class FloatNetwork {
 public:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  struct Value {
    std::string key, name;
    size_t writer = kNone;           ///< of initializers none
    std::vector<size_t> readers;     ///< actors at ports that follow them
    std::optional<Tensor> constant;  ///< of initializers, and of what a Constant node inside a body gives
    bool is_read_as_float = false;   ///< by a port that takes nothing else
    bool in_body = false;
  };

  /// What has one precision: a node, a graph input or output, or a slot of an If, Loop or Scan.
  struct Actor {
    enum class Kind { kNode, kSlot, kInput, kOutput, kFloat32 };
    Kind kind = Kind::kNode;
    std::string key, label;
    const onnx::NodeProto* node = nullptr;  ///< of slots the one with the body
    HalfPorts ports;
    std::vector<size_t> inputs, outputs;  ///< of a node: its float32 values by place, kNone for others
    std::vector<size_t> reads, writes;    ///< values at ports that follow the actor
    std::vector<DataType> input_types;    ///< of a node, by place; kUndefined where it is not known
    std::string obstacle;                 ///< why it must stay in float32; empty when it need not
  };

  /// `graph` needs inferred shapes and must outlive the network.
  FloatNetwork(const Graph& graph, DataType half);

  /// In the order in which they run; a slot stands before what is inside the bodies, and bodies before their node.
  [[nodiscard]] const std::vector<Actor>& actors() const { return actors_; }
  [[nodiscard]] const std::vector<Value>& values() const { return values_; }

 private:
  struct Scope {
    const Scope* outer = nullptr;
    std::string path;  ///< before the names of this graph: "", "z/then_branch/"
    std::string label_path;
    std::unordered_map<std::string, DataType> types;
    std::unordered_map<std::string, size_t> floats;
  };

  [[nodiscard]] DataType typeOf(const Scope& scope, const std::string& name) const;
  [[nodiscard]] static size_t find(const Scope& scope, const std::string& name);
  size_t addValue(Scope& scope, const std::string& name);
  void addConstants(const Graph& graph, Scope& scope);
  void addInterface(const Graph& graph, Scope& scope, Actor::Kind kind);
  void addNode(const onnx::NodeProto& node, const onnx::NodeProto* typed, Scope& scope);
  void addPlainNode(const onnx::NodeProto& node, Scope& scope);
  void addInputs(size_t actor, const onnx::NodeProto& node, const Scope& scope);
  void addOutputs(size_t actor, const onnx::NodeProto& node, Scope& scope);
  void addControlNode(const onnx::NodeProto& node, const onnx::NodeProto& typed, Scope& scope);
  void addFloat32Node(const onnx::NodeProto& node, Scope& scope);
  Scope bodyScope(const onnx::GraphProto& body, const onnx::GraphProto& typed, const Scope& outer,
                  const std::string& owner_key, const std::string& owner_label, const std::string& attribute);
  void read(size_t value, size_t actor);
  void readAsFloat(size_t value);
  void write(size_t value, size_t actor);

  const Graph& graph_;
  DataType half_;
  std::vector<Actor> actors_;
  std::vector<Value> values_;
};

/// The key of a node: the path of its graph and its first output that has a name.
std::string keyOf(const std::string& path, const onnx::NodeProto& node);
/// The key of a slot of the node with that key.
std::string slotKey(const std::string& node_key, size_t slot);
/// The path of what is inside a body of the node with that key.
std::string bodyPath(const std::string& node_key, const std::string& attribute);

}  // namespace quant
