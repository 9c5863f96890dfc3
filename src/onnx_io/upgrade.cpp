#include "onnx_io/upgrade.h"

#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <string>
#include <unordered_map>

#include "core/error.h"
#include "graph/subgraphs.h"
#include "graph/tensor_proto.h"
#include "onnx_io/check.h"
#include "onnx_io/label.h"
#include "onnx_io/upgrade_node.h"
#include "onnx_io/value_names.h"

namespace quant {

namespace {

/// Types of values, in a graph and those around it.
class Types {
 public:
  Types(const onnx::GraphProto& graph, const Types* outer) : outer_(outer) {
    for (const auto* infos : {&graph.value_info(), &graph.input(), &graph.output()}) {
      for (const auto& info : *infos) types_[info.name()] = info.type();
    }
    for (const auto& tensor : graph.initializer()) {
      auto& type = *types_[tensor.name()].mutable_tensor_type();
      type.set_elem_type(tensor.data_type());
      type.mutable_shape()->clear_dim();
      for (const int64_t size : tensor.dims()) type.mutable_shape()->add_dim()->set_dim_value(size);
    }
  }

  [[nodiscard]] const onnx::TypeProto* find(const std::string& value) const {
    if (const auto found = types_.find(value); found != types_.end()) return &found->second;
    return outer_ != nullptr ? outer_->find(value) : nullptr;
  }

 private:
  const Types* outer_;
  std::unordered_map<std::string, onnx::TypeProto> types_;
};

/// A copy of the model with the types of all values in it, as far as they can be told.
onnx::ModelProto withTypes(const Graph& graph) {
  onnx::ModelProto model = graph.skeleton();
  try {
    onnx::shape_inference::InferShapes(model);
  } catch (const std::exception&) {
    return graph.skeleton();  // the loader judges contradictions; here they only mean that less is known
  }
  return model;
}

/// The elements of `value` where it is an initializer of the graph or what a Constant node holds.
std::optional<Tensor> constantValue(const Graph& graph, const std::string& value) {
  if (graph.isConstant(value)) return graph.constant(value)->alias();
  const Node* producer = graph.producer(value);
  if (producer == nullptr || !producer->is("Constant")) return {};
  const auto* attribute = producer->findAttr("value");
  if (attribute == nullptr || !attribute->has_t()) return {};
  return tensorFromProto(attribute->t());
}

onnx::NodeProto constantNode(const std::string& name, const Tensor& tensor) {
  onnx::NodeProto node = makeNode("Constant", {}, {name});
  auto& attribute = *node.add_attribute();
  attribute.set_name("value");
  attribute.set_type(onnx::AttributeProto::TENSOR);
  *attribute.mutable_t() = protoFromTensor(tensor, name);
  return node;
}

class ModelUpgrade {
 public:
  ModelUpgrade(Graph& graph, int64_t from, int64_t to)
      : graph_(graph), from_(from), to_(to), typed_(withTypes(graph)), names_(typed_) {}

  void run() {
    upgradeMainGraph();
    upgradeFunctions();
  }

  void upgradeFunctions() {
    for (auto& function : *graph_.rest().mutable_functions()) upgradeFunction(function);
  }

 private:
  using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

  /// The graph that nodes stand in.
  struct Level {
    const Types& types;
    NodeScope scope;
    const NodeUpgrader& upgrader;
  };

  Level levelOf(const Types& types, const NodeUpgrader& upgrader) {
    return {types,
            {[&types](const std::string& value) { return types.find(value); },
             [this](const std::string& value) { return constantValue(graph_, value); },
             [this](const std::string& value) { return names_.isRead(value); },
             [this](const std::string& base) { return names_.unique(base); }},
            upgrader};
  }

  void upgradeMainGraph() {
    const NodeUpgrader upgrader(from_, to_);
    const Types types(typed_.graph(), nullptr);
    const Level level = levelOf(types, upgrader);
    const auto nodes = graph_.nodes();  // in the order of the typed copy
    for (size_t i = 0; i < nodes.size(); ++i) {
      auto upgraded = upgrade(nodes[i]->proto(), typed_.graph().node(static_cast<int>(i)), level);
      if (!upgraded) continue;
      for (auto& [name, tensor] : upgraded->constants) graph_.defineConstant(name, std::move(tensor));
      graph_.replaceNode(*nodes[i], std::move(upgraded->nodes));
    }
  }

  /// Nothing when neither the node nor anything inside it changes. `typed` is the node with types in its subgraphs.
  std::optional<UpgradedNode> upgrade(const onnx::NodeProto& node, const onnx::NodeProto& typed, const Level& level) {
    std::vector<const onnx::GraphProto*> typed_graphs;
    forEachSubgraph(typed, [&](const onnx::GraphProto& graph) { typed_graphs.push_back(&graph); });
    if (typed_graphs.empty()) return level.upgrader.upgrade(node, level.scope);
    onnx::NodeProto owner = node;
    auto typed_graph = typed_graphs.begin();
    forEachSubgraph(owner, [&](onnx::GraphProto& graph) { upgradeSubgraph(graph, **typed_graph++, level); });
    auto upgraded = level.upgrader.upgrade(owner, level.scope);
    return upgraded ? std::move(upgraded) : UpgradedNode{{std::move(owner)}, {}};
  }

  void upgradeSubgraph(onnx::GraphProto& graph, const onnx::GraphProto& typed, const Level& outer) {
    const Types types(typed, &outer.types);
    const Level level = levelOf(types, outer.upgrader);
    Nodes nodes;
    for (int i = 0; i < graph.node_size(); ++i) {
      auto upgraded = upgrade(graph.node(i), typed.node(i), level);
      if (!upgraded) upgraded.emplace(UpgradedNode{{std::move(*graph.mutable_node(i))}, {}});
      for (const auto& [name, tensor] : upgraded->constants) *graph.add_initializer() = protoFromTensor(tensor, name);
      for (auto& changed : upgraded->nodes) *nodes.Add() = std::move(changed);
    }
    *graph.mutable_node() = std::move(nodes);
  }

  /// A function has versions of its own. ONNX demands that what it uses means the same at the model's version.
  void upgradeFunction(onnx::FunctionProto& function) {
    const auto import = std::ranges::find_if(*function.mutable_opset_import(), [](const auto& entry) {
      return entry.domain().empty() || entry.domain() == "ai.onnx";
    });
    if (import == function.mutable_opset_import()->end() || import->version() >= to_) return;
    const NodeUpgrader upgrader(import->version(), to_);
    const Types types(onnx::GraphProto(), nullptr);
    const Level level = levelOf(types, upgrader);
    Nodes nodes;
    for (auto& node : *function.mutable_node()) {
      auto upgraded = upgrade(node, node, level);
      if (!upgraded) upgraded.emplace(UpgradedNode{{std::move(node)}, {}});
      for (const auto& [name, tensor] : upgraded->constants) *nodes.Add() = constantNode(name, tensor);
      for (auto& changed : upgraded->nodes) *nodes.Add() = std::move(changed);
    }
    *function.mutable_node() = std::move(nodes);
    import->set_version(to_);
  }

  Graph& graph_;
  int64_t from_, to_;
  onnx::ModelProto typed_;
  ValueNames names_;
};

}  // namespace

int64_t irVersionFor(int64_t opset) {
  struct Row {
    int64_t opset, ir_version;
  };
  // The first opset of each format version; docs/Versioning.md of ONNX 1.23.
  constexpr Row kFirst[] = {{28, 14}, {25, 13}, {24, 12}, {23, 11}, {21, 10}, {19, 9},
                            {15, 8},  {12, 7},  {11, 6},  {10, 5},  {9, 4},   {1, 3}};
  return std::ranges::find_if(kFirst, [&](const Row& row) { return opset >= row.opset; })->ir_version;
}

void raiseIrVersion(Graph& graph, int64_t ir_version) {
  constexpr int64_t kInputsAreDefaults = 4;
  const int64_t old = graph.rest().ir_version();
  if (old >= ir_version) return;
  if (old < kInputsAreDefaults) {
    auto& inputs = *graph.rest().mutable_graph()->mutable_input();
    inputs.erase(
        std::remove_if(inputs.begin(), inputs.end(), [&](const auto& info) { return graph.isConstant(info.name()); }),
        inputs.end());
  }
  graph.rest().set_ir_version(ir_version);
}

void upgradeOpset(Graph& graph, int64_t opset) {
  if (opset > newestOpset()) {
    throwUnsupported("opset {} was asked for, but this program knows ONNX up to opset {}", opset, newestOpset());
  }
  const int64_t from = graph.opset();
  if (from < opset) {
    if (from > 0) ModelUpgrade(graph, from, opset).run();
    graph.setOpset("", opset);
  }
  raiseIrVersion(graph, irVersionFor(graph.opset()));
}

void upgradeFunctions(Graph& graph) { ModelUpgrade(graph, graph.opset(), graph.opset()).upgradeFunctions(); }

}  // namespace quant
