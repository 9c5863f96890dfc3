#include "graph/graph.h"

#include <algorithm>
#include <queue>
#include <unordered_set>

#include "core/error.h"
#include "graph/subgraphs.h"

namespace quant {

namespace {

template <class Entries>
auto findDomain(Entries& entries, std::string_view domain) {
  const bool is_onnx = domain.empty() || domain == "ai.onnx";
  return std::ranges::find_if(entries, [&](const auto& entry) {
    return is_onnx ? entry.domain().empty() || entry.domain() == "ai.onnx" : entry.domain() == domain;
  });
}

/// Names that the node's subgraphs define: values of the surrounding graph must not have them too.
void collectInnerNames(const onnx::NodeProto& node, std::unordered_set<std::string>& names) {
  forEachSubgraph(node, [&](const onnx::GraphProto& graph) {
    for (const auto& input : graph.input()) names.insert(input.name());
    for (const auto& tensor : graph.initializer()) names.insert(tensor.name());
    for (const auto& inner : graph.node()) {
      names.insert(inner.output().begin(), inner.output().end());
      collectInnerNames(inner, names);
    }
  });
}

}  // namespace

Graph::Graph(onnx::ModelProto model) : rest_(std::move(model)) {
  auto& graph = *rest_.mutable_graph();
  for (auto& tensor : *graph.mutable_initializer()) {
    const std::string name = tensor.name();
    Constant constant{std::make_shared<onnx::TensorProto>(std::move(tensor)), {}, false, next_position_++, nullptr};
    if (!constants_.emplace(name, std::move(constant)).second) {
      throwBadInput("the model has two initializers named '{}'", name);
    }
  }
  for (auto& node : *graph.mutable_node()) addNode(std::move(node));
  graph.clear_node();
  graph.clear_initializer();
  for (const auto* infos : {&graph.input(), &graph.output(), &graph.value_info()}) {
    for (const auto& info : *infos) learnType(info);
  }
}

Graph Graph::clone() const {
  Graph copy{onnx::ModelProto(rest_)};
  for (const auto& [name, constant] : constants_) copy.shareConstant(name, *this);
  copy.next_position_ = next_position_;
  for (const auto& node : nodes_) copy.addNode(node->proto_);
  copy.types_ = types_;
  copy.size_names_ = size_names_;
  copy.taken_names_ = taken_names_;
  copy.has_lost_values_ = has_lost_values_;
  return copy;
}

/// Types of values that a rewrite removed would only mislead.
void Graph::forgetLostValues() {
  auto& infos = *rest_.mutable_graph()->mutable_value_info();
  const auto gone = std::remove_if(infos.begin(), infos.end(), [&](const auto& info) {
    return !producers_.contains(info.name()) && !constants_.contains(info.name()) && !isInput(info.name());
  });
  infos.erase(gone, infos.end());
}

onnx::ModelProto Graph::releaseNodes() {
  auto& graph = *rest_.mutable_graph();
  if (has_lost_values_) forgetLostValues();
  for (Node* node : sorted()) *graph.add_node() = std::move(node->proto_);
  nodes_.clear();
  producers_.clear();
  consumers_.clear();
  return std::move(rest_);
}

onnx::ModelProto Graph::release() && {
  onnx::ModelProto model = releaseNodes();
  for (const auto& name : constants()) {
    Constant& constant = constants_.at(name);
    auto& initializer = *model.mutable_graph()->add_initializer();
    if (constant.data_in_tensor) {
      initializer = *constant.proto;
      initializer.clear_external_data();
      initializer.clear_data_location();
      auto& raw = *initializer.mutable_raw_data();
      readConstant(name, [&](std::span<const std::byte> bytes) {
        raw.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      });
      constant.tensor.reset();
      continue;
    }
    constant.tensor.reset();  // it may view the proto
    if (constant.proto.use_count() == 1) {
      initializer = std::move(*constant.proto);
    } else {
      initializer = *constant.proto;
    }
  }
  return model;
}

// --- nodes --------------------------------------------------------------------------------------------------------

void Graph::index(Node& node) {
  const auto& outputs = node.proto_.output();
  for (const auto& value : outputs) {
    if (value.empty()) continue;
    if (std::ranges::count(outputs, value) > 1) {
      throwBadInput("node '{}' ({}) produces '{}' twice", node.label(), node.opType(), value);
    }
    if (constants_.contains(value) || producers_.contains(value)) {
      throwBadInput("node '{}' ({}) produces '{}', which something else produces too", node.label(), node.opType(),
                    value);
    }
  }
  for (const auto& value : outputs) {
    if (!value.empty()) producers_[value] = &node;
  }
  for (const auto& value : node.proto_.input()) {
    if (!value.empty()) consumers_[value].push_back(&node);
  }
  for (const auto& value : node.captures_) consumers_[value].push_back(&node);
}

/// Another node may have taken the value over already.
void Graph::forgetProducer(const std::string& value, const Node& node) {
  const auto found = producers_.find(value);
  if (found == producers_.end() || found->second != &node) return;
  producers_.erase(found);
  has_lost_values_ = true;
}

void Graph::unindex(Node& node) {
  for (const auto& value : node.proto_.output()) forgetProducer(value, node);
  const auto forget = [&](const std::string& value) {
    if (const auto found = consumers_.find(value); found != consumers_.end()) std::erase(found->second, &node);
  };
  for (const auto& value : node.proto_.input()) forget(value);
  for (const auto& value : node.captures_) forget(value);
}

Node& Graph::addNode(onnx::NodeProto proto) {
  auto node = std::make_unique<Node>(std::move(proto));
  index(*node);
  collectInnerNames(node->proto_, taken_names_);
  nodes_.push_back(std::move(node));
  return *nodes_.back();
}

void Graph::replaceNode(Node& node, std::vector<onnx::NodeProto> by) {
  const auto place = std::ranges::find(nodes_, &node, &std::unique_ptr<Node>::get) - nodes_.begin();
  const size_t count = nodes_.size();
  removeNode(node);
  for (auto& proto : by) addNode(std::move(proto));
  std::rotate(nodes_.begin() + place, nodes_.begin() + static_cast<std::ptrdiff_t>(count) - 1, nodes_.end());
}

void Graph::removeNode(Node& node) {
  unindex(node);
  const auto found = std::ranges::find(nodes_, &node, &std::unique_ptr<Node>::get);
  (*found)->proto_.Clear();
  (*found)->captures_.clear();
  removed_.push_back(std::move(*found));
  nodes_.erase(found);
}

void Graph::setInput(Node& node, int position, const std::string& value) {
  if (const auto found = consumers_.find(node.input(position)); found != consumers_.end()) {
    if (const auto entry = std::ranges::find(found->second, &node); entry != found->second.end()) {
      found->second.erase(entry);
    }
  }
  while (node.proto_.input_size() <= position) node.proto_.add_input();
  node.proto_.set_input(position, value);
  while (node.proto_.input_size() > 0 && node.proto_.input(node.proto_.input_size() - 1).empty()) {
    node.proto_.mutable_input()->RemoveLast();
  }
  if (!value.empty()) consumers_[value].push_back(&node);
}

void Graph::setOutput(Node& node, int position, const std::string& value) {
  forgetProducer(node.output(position), node);
  while (node.proto_.output_size() <= position) node.proto_.add_output();
  node.proto_.set_output(position, value);
  if (!value.empty()) producers_[value] = &node;
}

// Kahn's algorithm; among the nodes that are ready the one that stands first in the file goes first.
std::vector<Node*> Graph::sorted() const {
  std::unordered_map<const Node*, size_t> place, waiting;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = *nodes_[i];
    place[&node] = i;
    size_t& count = waiting[&node];
    for (const auto& value : node.proto_.input()) count += producers_.contains(value) ? 1 : 0;
    for (const auto& value : node.captures_) count += producers_.contains(value) ? 1 : 0;
  }
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (const auto& [node, count] : waiting) {
    if (count == 0) ready.push(place[node]);
  }
  std::vector<Node*> order;
  order.reserve(nodes_.size());
  while (!ready.empty()) {
    Node& node = *nodes_[ready.top()];
    ready.pop();
    order.push_back(&node);
    for (const auto& value : node.proto_.output()) {
      const auto readers = consumers_.find(value);
      if (value.empty() || readers == consumers_.end()) continue;
      for (const Node* reader : readers->second) {
        if (--waiting[reader] == 0) ready.push(place[reader]);
      }
    }
  }
  if (order.size() != nodes_.size()) {
    const auto stuck = std::ranges::find_if(nodes_, [&](const auto& node) { return waiting[node.get()] > 0; });
    std::unordered_set<const Node*> upstream;  // of the stuck node, which may itself stand behind the cycle
    const Node* node = stuck->get();
    while (upstream.insert(node).second) node = stuckProducer(*node, waiting);
    throwBadInput("the graph has a cycle: node '{}' ({}) waits for its own result", node->label(), node->opType());
  }
  return order;
}

/// Some producer, itself waiting, that a waiting node waits for.
const Node* Graph::stuckProducer(const Node& node, const std::unordered_map<const Node*, size_t>& waiting) const {
  std::vector<std::string> values(node.proto_.input().begin(), node.proto_.input().end());
  values.insert(values.end(), node.captures_.begin(), node.captures_.end());
  for (const auto& value : values) {
    if (const Node* source = producer(value); source != nullptr && waiting.at(source) > 0) return source;
  }
  return &node;
}

std::vector<Node*> Graph::nodes() { return sorted(); }

std::vector<const Node*> Graph::nodes() const {
  const auto order = sorted();
  return {order.begin(), order.end()};
}

// --- values -------------------------------------------------------------------------------------------------------

Node* Graph::producer(const std::string& value) {
  const auto found = producers_.find(value);
  return found == producers_.end() ? nullptr : found->second;
}

const Node* Graph::producer(const std::string& value) const {
  const auto found = producers_.find(value);
  return found == producers_.end() ? nullptr : found->second;
}

std::vector<Node*> Graph::consumers(const std::string& value) {
  std::vector<Node*> result;
  if (const auto found = consumers_.find(value); found != consumers_.end()) {
    for (Node* node : found->second) {
      if (std::ranges::find(result, node) == result.end()) result.push_back(node);
    }
  }
  return result;
}

std::vector<const Node*> Graph::consumers(const std::string& value) const {
  const auto found = const_cast<Graph*>(this)->consumers(value);
  return {found.begin(), found.end()};
}

std::vector<std::string> Graph::inputs() const {
  std::vector<std::string> names;
  for (const auto& info : rest_.graph().input()) {
    if (!constants_.contains(info.name())) names.push_back(info.name());
  }
  return names;
}

std::vector<std::string> Graph::outputs() const {
  std::vector<std::string> names;
  for (const auto& info : rest_.graph().output()) names.push_back(info.name());
  return names;
}

bool Graph::isInput(const std::string& value) const {
  return !constants_.contains(value) &&
         std::ranges::any_of(rest_.graph().input(), [&](const auto& info) { return info.name() == value; });
}

bool Graph::isOutput(const std::string& value) const {
  return std::ranges::any_of(rest_.graph().output(), [&](const auto& info) { return info.name() == value; });
}

bool Graph::isCaptured(const std::string& value) const {
  const auto found = consumers_.find(value);
  return found != consumers_.end() && std::ranges::any_of(found->second, [&](const Node* node) {
           return std::ranges::find(node->captures_, value) != node->captures_.end();
         });
}

bool Graph::hasSingleUse(const std::string& value) const {
  const auto found = consumers_.find(value);
  return found != consumers_.end() && found->second.size() == 1 && !isOutput(value) && !isCaptured(value);
}

void Graph::replaceUses(const std::string& value, const std::string& by) {
  for (Node* node : consumers(value)) {
    for (int i = 0; i < node->inputCount(); ++i) {
      if (node->input(i) == value) setInput(*node, i, by);
    }
  }
}

bool Graph::bypass(Node& node) {
  const std::string source = node.input(0), result = node.output();
  if (isCaptured(result)) return false;
  if (isOutput(result)) {
    // The output keeps its name: the node that computes the source takes it over.
    Node* const source_node = producer(source);
    if (source_node == nullptr || isOutput(source) || isCaptured(source)) return false;
    removeNode(node);
    replaceUses(source, result);
    for (int i = 0; i < source_node->outputCount(); ++i) {
      if (source_node->output(i) == source) setOutput(*source_node, i, result);
    }
    return true;
  }
  replaceUses(result, source);
  removeNode(node);
  return true;
}

std::string Graph::uniqueName(const std::string& base) const {
  const auto taken = [&](const std::string& name) {
    return constants_.contains(name) || producers_.contains(name) || consumers_.contains(name) || isInput(name) ||
           isOutput(name) || types_.contains(name) || taken_names_.contains(name) ||
           std::ranges::any_of(nodes_, [&](const auto& node) { return node->name() == name; });
  };
  std::string name = base;
  for (int i = 1; taken(name); ++i) name = fmt::format("{}_{}", base, i);
  return name;
}

void Graph::avoidNamesOf(const Graph& outer) {
  taken_names_.insert(outer.taken_names_.begin(), outer.taken_names_.end());
  for (const auto& info : outer.rest_.graph().input()) taken_names_.insert(info.name());
  for (const auto& [name, constant] : outer.constants_) taken_names_.insert(name);
  for (const auto& [name, producer] : outer.producers_) taken_names_.insert(name);
}

int Graph::removeUnused(const std::set<std::string>& keep) {
  int removed = 0;
  const auto isRead = [&](const std::string& value) {
    const auto found = consumers_.find(value);
    return !value.empty() &&
           ((found != consumers_.end() && !found->second.empty()) || isOutput(value) || keep.contains(value));
  };
  auto order = sorted();
  for (Node* node : std::vector<Node*>(order.rbegin(), order.rend())) {
    if (std::ranges::any_of(node->proto_.output(), isRead)) continue;
    removeNode(*node);
    ++removed;
  }
  for (const auto& name : constants()) {
    if (isRead(name)) continue;
    removeConstant(name);
    ++removed;
  }
  return removed;
}

// --- the model around it ------------------------------------------------------------------------------------------

int64_t Graph::opset(std::string_view domain) const {
  const auto found = findDomain(rest_.opset_import(), domain);
  return found == rest_.opset_import().end() ? 0 : found->version();
}

void Graph::setOpset(std::string_view domain, int64_t version) {
  auto& imports = *rest_.mutable_opset_import();
  const auto found = findDomain(imports, domain);
  const bool is_new = found == imports.end();  // asked before another entry moves the end
  auto& entry = is_new ? *imports.Add() : *found;
  if (is_new) entry.set_domain(std::string(domain));
  entry.set_version(version);
}

std::optional<std::string> Graph::metadata(const std::string& key) const {
  for (const auto& entry : rest_.metadata_props()) {
    if (entry.key() == key) return entry.value();
  }
  return {};
}

void Graph::setMetadata(const std::string& key, const std::string& value) {
  for (auto& entry : *rest_.mutable_metadata_props()) {
    if (entry.key() == key) return entry.set_value(value);
  }
  auto& entry = *rest_.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

}  // namespace quant
