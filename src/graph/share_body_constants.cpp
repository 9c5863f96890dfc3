#include "graph/share_body_constants.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "graph/subgraphs.h"
#include "graph/tensor_proto.h"

namespace quant {

namespace {

/// For fewer bytes it is not worth a look.
constexpr int64_t kLeastBytes = 1024;

/// Constants can be equal only when these are.
using Kind = std::tuple<int32_t, Shape>;

/// Elements that a body holds.
struct Entry {
  std::string name;  ///< of the constant of the main graph, where there is or will be one
  Tensor elements;
  int count = 1;  ///< of the bodies that hold them
  bool in_graph = false;
};

bool isEqual(const Tensor& a, const Tensor& b) {
  return a.byteSize() == b.byteSize() && std::memcmp(a.bytes(), b.bytes(), a.byteSize()) == 0;
}

bool isOutput(const onnx::GraphProto& body, const std::string& name) {
  return std::ranges::any_of(body.output(), [&](const auto& info) { return info.name() == name; });
}

bool isLarge(const onnx::TensorProto& tensor) {
  return elementCount(shapeOf(tensor)) * elementBits(static_cast<DataType>(tensor.data_type())) / 8 >= kLeastBytes;
}

bool isDequantization(const onnx::NodeProto& node) {
  return node.op_type() == "DequantizeLinear" && (node.domain().empty() || node.domain() == "ai.onnx");
}

/// Initializers that are to be looked at: large ones, and what dequantizes those; none that is an output.
std::set<std::string> movableIn(const onnx::GraphProto& body) {
  std::set<std::string> inside, large;
  for (const auto& tensor : body.initializer()) {
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL || isOutput(body, tensor.name())) continue;
    inside.insert(tensor.name());
    if (isLarge(tensor)) large.insert(tensor.name());
  }
  std::set<std::string> movable = large;
  for (const auto& node : body.node()) {
    if (!isDequantization(node) || !large.contains(node.input(0))) continue;
    std::ranges::copy_if(node.input(), std::inserter(movable, movable.end()),
                         [&](const auto& value) { return inside.contains(value); });
  }
  return movable;
}

Kind kindOf(const onnx::TensorProto& tensor) { return {tensor.data_type(), shapeOf(tensor)}; }

class Sharer {
 public:
  explicit Sharer(Graph& graph) : graph_(graph) {}

  int run() {
    for (const Node* node : graph_.nodes()) {
      forEachSubgraph(node->proto(), [&](const onnx::GraphProto& body) { learn(body); });
    }
    for (const auto& name : graph_.constants()) learnOfGraph(name);
    add();
    int moved = 0;
    for (Node* node : graph_.nodes()) {
      if (!holdsSubgraph(node->proto())) continue;
      onnx::NodeProto changed = node->proto();
      int here = 0;
      forEachSubgraph(changed, [&](onnx::GraphProto& body) { here += move(body); });
      if (here > 0) graph_.replaceNode(*node, {std::move(changed)});
      moved += here;
    }
    return moved - added_;
  }

 private:
  void learn(const onnx::GraphProto& body) {
    const auto movable = movableIn(body);
    for (const auto& tensor : body.initializer()) {
      if (!movable.contains(tensor.name())) continue;
      Tensor elements = tensorFromProto(tensor);
      auto& alike = shared_[kindOf(tensor)];
      if (Entry* entry = find(alike, elements)) {
        ++entry->count;
      } else {
        alike.push_back({tensor.name(), std::move(elements)});
      }
    }
    for (const auto& node : body.node()) {
      forEachSubgraph(node, [&](const onnx::GraphProto& inner) { learn(inner); });
    }
  }

  /// Only constants that look like one of a body are worth reading.
  void learnOfGraph(const std::string& name) {
    const auto alike = shared_.find(kindOf(*graph_.constantProto(name)));
    if (alike == shared_.end()) return;
    Entry* entry = find(alike->second, *graph_.constant(name));
    if (entry == nullptr || entry->in_graph) return;
    entry->in_graph = true;
    entry->name = name;
  }

  /// What several bodies hold becomes a constant of the main graph.
  void add() {
    for (auto& [kind, alike] : shared_) {
      std::erase_if(alike, [](const Entry& entry) { return entry.count < 2 && !entry.in_graph; });
      for (Entry& entry : alike) {
        if (!entry.in_graph) {
          entry.name = graph_.addConstant(entry.name, entry.elements.clone());
          ++added_;
        }
        given_.insert(entry.name);
      }
    }
  }

  int move(onnx::GraphProto& body) {
    int moved = 0;
    const auto movable = movableIn(body);
    std::vector<onnx::TensorProto> rest;
    for (auto& tensor : *body.mutable_initializer()) {
      const std::string* by = movable.contains(tensor.name()) ? nameFor(tensor) : nullptr;
      if (by == nullptr) {
        rest.push_back(std::move(tensor));
        continue;
      }
      renameReads(body, std::string(tensor.name()), *by);
      ++moved;
    }
    body.clear_initializer();
    for (auto& tensor : rest) *body.add_initializer() = std::move(tensor);
    moveDequantizations(body);
    for (auto& node : *body.mutable_node()) {
      forEachSubgraph(node, [&](onnx::GraphProto& inner) { moved += move(inner); });
    }
    return moved;
  }

  /// onnxruntime fuses a DequantizeLinear with what reads it, and looks for the integers where it stands.
  void moveDequantizations(onnx::GraphProto& body) {
    std::vector<onnx::NodeProto> rest;
    for (auto& node : *body.mutable_node()) {
      const bool moves = isDequantization(node) && !isOutput(body, node.output(0)) &&
                         std::ranges::all_of(node.input(), [&](const auto& value) { return given_.contains(value); });
      if (moves) {
        by_[node.output(0)] = dequantizedInGraph(node);
      } else {
        rest.push_back(std::move(node));
      }
    }
    body.clear_node();
    for (auto& node : rest) *body.add_node() = std::move(node);
    for (const auto& [value, by] : by_) renameReads(body, value, by);
    by_.clear();
  }

  std::string dequantizedInGraph(onnx::NodeProto node) {
    for (const Node* reader : graph_.consumers(node.input(0))) {
      if (isDequantization(reader->proto()) && isAlike(reader->proto(), node)) return reader->output();
    }
    node.set_name(graph_.uniqueName(node.name()));
    node.set_output(0, graph_.uniqueName(node.output(0)));
    return graph_.addNode(std::move(node)).output();
  }

  static bool isAlike(onnx::NodeProto a, onnx::NodeProto b) {
    for (onnx::NodeProto* node : {&a, &b}) {
      node->clear_name();
      node->clear_output();
    }
    return a.SerializeAsString() == b.SerializeAsString();
  }

  /// The constant of the main graph to read instead; null where there is none.
  const std::string* nameFor(const onnx::TensorProto& tensor) {
    const auto alike = shared_.find(kindOf(tensor));
    const Entry* entry = alike == shared_.end() ? nullptr : find(alike->second, tensorFromProto(tensor));
    return entry == nullptr ? nullptr : &entry->name;
  }

  static Entry* find(std::vector<Entry>& entries, const Tensor& elements) {
    const auto found =
        std::ranges::find_if(entries, [&](const Entry& entry) { return isEqual(entry.elements, elements); });
    return found == entries.end() ? nullptr : &*found;
  }

  Graph& graph_;
  std::map<Kind, std::vector<Entry>> shared_;
  std::set<std::string> given_;            // constants of the main graph that bodies read now
  std::map<std::string, std::string> by_;  // of the body at hand: values that the main graph gives
  int added_ = 0;
};

}  // namespace

int shareBodyConstants(Graph& graph) { return Sharer(graph).run(); }

}  // namespace quant
