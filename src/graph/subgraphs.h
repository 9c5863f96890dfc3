#pragma once

#include <onnx/onnx_pb.h>

#include <set>
#include <string>
#include <type_traits>

namespace quant {

/// Calls visit(AttributeProto&) for each attribute of `node`; for constant nodes with a constant attribute.
template <class Node, class Visit>
void forEachAttribute(Node& node, Visit visit) {
  if constexpr (std::is_const_v<Node>) {
    for (const auto& attribute : node.attribute()) visit(attribute);
  } else {
    for (auto& attribute : *node.mutable_attribute()) visit(attribute);
  }
}

/// Calls visit(GraphProto&) for each subgraph that `node` holds itself (not for those inside them).
template <class Node, class Visit>
void forEachSubgraph(Node& node, Visit visit) {
  forEachAttribute(node, [&](auto& attribute) {
    if constexpr (std::is_const_v<Node>) {
      if (attribute.has_g()) visit(attribute.g());
      for (const auto& graph : attribute.graphs()) visit(graph);
    } else {
      if (attribute.has_g()) visit(*attribute.mutable_g());
      for (auto& graph : *attribute.mutable_graphs()) visit(graph);
    }
  });
}

/// True for If, Loop, Scan and whatever else holds a graph in an attribute.
bool holdsSubgraph(const onnx::NodeProto& node);

/// Values of the graphs around it that a body of If, Loop or Scan reads, those that its nodes' own bodies read among
/// them.
std::set<std::string> capturesOf(const onnx::GraphProto& body);

/// Lets the nodes of `body`, and those in bodies inside it, read `by` where they read `value`.
void renameReads(onnx::GraphProto& body, const std::string& value, const std::string& by);

/// Calls visit(TensorProto&, const NodeProto& owner, const std::string& what) for every tensor inside `node`: in its
/// attributes, and in those and the initializers of its subgraphs. `what` says where it was found.
template <class Node, class Visit>
void forEachTensorIn(Node& node, Visit visit) {
  forEachAttribute(node, [&](auto& attribute) {
    const std::string what = "attribute '" + attribute.name() + "'";
    if constexpr (std::is_const_v<Node>) {
      if (attribute.has_t()) visit(attribute.t(), node, what);
      for (const auto& tensor : attribute.tensors()) visit(tensor, node, what);
    } else {
      if (attribute.has_t()) visit(*attribute.mutable_t(), node, what);
      for (auto& tensor : *attribute.mutable_tensors()) visit(tensor, node, what);
    }
  });
  forEachSubgraph(node, [&](auto& graph) {
    if constexpr (std::is_const_v<Node>) {
      for (const auto& tensor : graph.initializer()) visit(tensor, node, "initializer '" + tensor.name() + "'");
      for (const auto& inner : graph.node()) forEachTensorIn(inner, visit);
    } else {
      for (auto& tensor : *graph.mutable_initializer()) visit(tensor, node, "initializer '" + tensor.name() + "'");
      for (auto& inner : *graph.mutable_node()) forEachTensorIn(inner, visit);
    }
  });
}

}  // namespace quant
