#include "graph/graph.h"

#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <queue>
#include <unordered_set>

#include <fmt/ranges.h>

#include "core/error.h"
#include "graph/tensor_proto.h"

namespace quant {

namespace {

/// Constants up to this many elements may be shapes, axes or repeats, whose values shape inference needs.
constexpr int64_t kMaxShapeElements = 256;

template <class Entries>
auto findDomain(Entries& entries, std::string_view domain) {
  const bool is_onnx = domain.empty() || domain == "ai.onnx";
  return std::ranges::find_if(entries, [&](const auto& entry) {
    return is_onnx ? entry.domain().empty() || entry.domain() == "ai.onnx" : entry.domain() == domain;
  });
}

std::optional<ValueType> typeOf(const onnx::ValueInfoProto& info) {
  if (!info.type().has_tensor_type()) return {};
  const auto& tensor = info.type().tensor_type();
  ValueType result{static_cast<DataType>(tensor.elem_type()), {}};
  if (tensor.has_shape()) {
    result.shape.emplace();
    for (const auto& dim : tensor.shape().dim()) result.shape->push_back(dim.has_dim_value() ? dim.dim_value() : -1);
  }
  return result;
}

std::vector<std::string> sizeNamesOf(const onnx::ValueInfoProto& info) {
  std::vector<std::string> names;
  for (const auto& dim : info.type().tensor_type().shape().dim()) names.push_back(dim.dim_param());
  if (std::ranges::all_of(names, &std::string::empty)) names.clear();
  return names;
}

void addInput(onnx::GraphProto& graph, const std::string& name, const onnx::TensorProto& like) {
  auto& input = *graph.add_input();
  input.set_name(name);
  auto& type = *input.mutable_type()->mutable_tensor_type();
  type.set_elem_type(like.data_type());
  type.mutable_shape();
  for (const int64_t size : like.dims()) type.mutable_shape()->add_dim()->set_dim_value(size);
}

bool mayBeShape(const onnx::TensorProto& proto) {
  int64_t count = 1;
  for (const int64_t size : proto.dims()) count *= std::clamp<int64_t>(size, 0, kMaxShapeElements + 1);
  return count <= kMaxShapeElements && proto.data_location() != onnx::TensorProto::EXTERNAL;
}

}  // namespace

bool ValueType::isStatic() const {
  return shape && std::ranges::none_of(*shape, [](int64_t size) { return size < 0; });
}

Graph::Graph(onnx::ModelProto model) : rest_(std::move(model)) {
  auto& graph = *rest_.mutable_graph();
  for (auto& tensor : *graph.mutable_initializer()) {
    const std::string name = tensor.name();
    Constant constant{std::make_shared<onnx::TensorProto>(std::move(tensor)), {}, false, next_position_++};
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
  for (const auto& [name, constant] : constants_) {
    auto& shared = copy.constants_[name];
    shared = {constant.proto, {}, constant.data_in_tensor, constant.position};
    if (constant.tensor) shared.tensor = constant.tensor->alias();
  }
  copy.next_position_ = next_position_;
  for (const auto& node : nodes_) copy.addNode(node->proto_);
  copy.types_ = types_;
  copy.size_names_ = size_names_;
  return copy;
}

onnx::ModelProto Graph::release() && {
  auto& graph = *rest_.mutable_graph();
  for (Node* node : sorted()) *graph.add_node() = std::move(node->proto_);
  for (const auto& name : constants()) {
    Constant& constant = constants_.at(name);
    if (!constant.data_in_tensor) constant.tensor.reset();  // it may view the proto
    auto& initializer = *graph.add_initializer();
    if (constant.proto.use_count() == 1) {
      initializer = std::move(*constant.proto);
    } else {
      initializer = *constant.proto;
    }
    if (!constant.data_in_tensor) continue;
    initializer.clear_external_data();
    initializer.clear_data_location();
    initializer.set_raw_data(constant.tensor->bytes(), constant.tensor->byteSize());
    constant.tensor.reset();
  }
  return std::move(rest_);
}

// --- nodes --------------------------------------------------------------------------------------------------------

void Graph::index(Node& node) {
  for (const auto& value : node.proto_.output()) {
    if (value.empty()) continue;
    if (constants_.contains(value) || !producers_.emplace(value, &node).second) {
      throwBadInput("node '{}' ({}) produces '{}', which something else produces too", node.label(), node.opType(),
                    value);
    }
  }
  for (const auto& value : node.proto_.input()) {
    if (!value.empty()) consumers_[value].push_back(&node);
  }
  for (const auto& value : node.captures_) consumers_[value].push_back(&node);
}

void Graph::unindex(Node& node) {
  for (const auto& value : node.proto_.output()) producers_.erase(value);
  const auto forget = [&](const std::string& value) {
    if (const auto found = consumers_.find(value); found != consumers_.end()) std::erase(found->second, &node);
  };
  for (const auto& value : node.proto_.input()) forget(value);
  for (const auto& value : node.captures_) forget(value);
}

Node& Graph::addNode(onnx::NodeProto proto) {
  auto node = std::make_unique<Node>(std::move(proto));
  index(*node);
  nodes_.push_back(std::move(node));
  return *nodes_.back();
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
  producers_.erase(node.output(position));
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
    throwBadInput("the graph has a cycle: node '{}' ({}) waits for its own result", (*stuck)->label(),
                  (*stuck)->opType());
  }
  return order;
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
           isOutput(name) || types_.contains(name);
  };
  std::string name = base;
  for (int i = 1; taken(name); ++i) name = fmt::format("{}_{}", base, i);
  return name;
}

// --- constants ----------------------------------------------------------------------------------------------------

const Tensor* Graph::constant(const std::string& value) const {
  const auto found = constants_.find(value);
  if (found == constants_.end()) return nullptr;
  const Constant& constant = found->second;
  if (!constant.tensor) constant.tensor = tensorFromProto(std::shared_ptr<const onnx::TensorProto>(constant.proto));
  return &*constant.tensor;
}

const onnx::TensorProto* Graph::constantProto(const std::string& value) const {
  const auto found = constants_.find(value);
  return found == constants_.end() ? nullptr : found->second.proto.get();
}

std::vector<std::string> Graph::constants() const {
  std::vector<std::string> names;
  for (const auto& [name, constant] : constants_) names.push_back(name);
  std::ranges::sort(names, {}, [&](const std::string& name) { return constants_.at(name).position; });
  return names;
}

std::string Graph::addConstant(const std::string& base_name, Tensor tensor) {
  const std::string name = uniqueName(base_name);
  defineConstant(name, std::move(tensor));
  return name;
}

void Graph::defineConstant(const std::string& name, Tensor tensor) {
  if (constants_.contains(name) || producers_.contains(name)) throwInternal("'{}' has a producer already", name);
  auto proto = std::make_shared<onnx::TensorProto>();
  proto->set_name(name);
  proto->set_data_type(static_cast<int32_t>(tensor.type()));
  for (const int64_t size : tensor.shape()) proto->add_dims(size);
  types_[name] = {tensor.type(), tensor.shape()};
  constants_[name] = {std::move(proto), std::move(tensor), true, next_position_++};
}

void Graph::removeConstant(const std::string& value) {
  auto& inputs = *rest_.mutable_graph()->mutable_input();
  const auto declared = std::ranges::find_if(inputs, [&](const auto& info) { return info.name() == value; });
  if (declared != inputs.end()) inputs.erase(declared);
  constants_.erase(value);
  types_.erase(value);
}

void Graph::attachData(const std::string& value, Tensor tensor) {
  Constant& constant = constants_.at(value);
  constant.tensor = std::move(tensor);
  constant.data_in_tensor = true;
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

// --- types --------------------------------------------------------------------------------------------------------

std::optional<ValueType> Graph::valueType(const std::string& value) const {
  if (const auto constant = constants_.find(value); constant != constants_.end()) {
    const auto& proto = *constant->second.proto;
    return ValueType{static_cast<DataType>(proto.data_type()), shapeOf(proto)};
  }
  const auto found = types_.find(value);
  return found == types_.end() ? std::nullopt : std::optional(found->second);
}

void Graph::setValueType(const std::string& value, ValueType type) {
  types_[value] = std::move(type);
  size_names_.erase(value);
}

/// The model for shape inference: large constants stand in it as typed inputs, so that no weight is copied.
onnx::ModelProto Graph::skeleton() const {
  onnx::ModelProto model = rest_;
  auto& graph = *model.mutable_graph();
  graph.clear_value_info();
  for (const auto& [name, constant] : constants_) {
    if (!mayBeShape(*constant.proto)) {
      const bool is_input = std::ranges::any_of(graph.input(), [&](const auto& info) { return info.name() == name; });
      if (!is_input) addInput(graph, name, *constant.proto);
      continue;
    }
    *graph.add_initializer() = constant.data_in_tensor ? protoFromTensor(*constant.tensor, name) : *constant.proto;
  }
  for (const Node* node : sorted()) *graph.add_node() = node->proto_;
  return model;
}

void Graph::inferShapes() {
  onnx::ModelProto model = skeleton();
  try {
    const onnx::ShapeInferenceOptions options(/*check_type_val=*/false, /*strict_mode_val=*/0, /*data_prop_val=*/true);
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), options);
  } catch (const std::exception& error) {
    throwBadInput("shape inference failed: {}", error.what());
  }
  size_names_.clear();  // inference numbers the sizes that it names anew each time
  for (const auto* infos : {&rest_.graph().input(), &model.graph().value_info(), &model.graph().output()}) {
    for (const auto& info : *infos) learnType(info);
  }
}

void Graph::learnType(const onnx::ValueInfoProto& info) {
  auto type = typeOf(info);
  if (!type) return;
  types_[info.name()] = std::move(*type);
  size_names_[info.name()] = sizeNamesOf(info);
}

std::string Graph::sizeName(const std::string& value, int64_t axis) const {
  const auto found = size_names_.find(value);
  const bool is_known = found != size_names_.end() && axis >= 0 && axis < std::ssize(found->second);
  return is_known ? found->second[static_cast<size_t>(axis)] : std::string();
}

// --- the model around it ------------------------------------------------------------------------------------------

int64_t Graph::opset(std::string_view domain) const {
  const auto found = findDomain(rest_.opset_import(), domain);
  return found == rest_.opset_import().end() ? 0 : found->version();
}

void Graph::setOpset(std::string_view domain, int64_t version) {
  auto& imports = *rest_.mutable_opset_import();
  const auto found = findDomain(imports, domain);
  auto& entry = found == imports.end() ? *imports.Add() : *found;
  if (found == imports.end()) entry.set_domain(std::string(domain));
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

void Graph::verify() const {
  std::unordered_set<std::string> given;
  for (const auto& info : rest_.graph().input()) given.insert(info.name());
  for (const auto& sparse : rest_.graph().sparse_initializer()) given.insert(sparse.values().name());
  const auto isDefined = [&](const std::string& value) {
    return given.contains(value) || constants_.contains(value) || producers_.contains(value);
  };
  for (const Node* node : sorted()) {
    for (const auto& value : node->proto_.input()) {
      if (value.empty() || isDefined(value)) continue;
      throwBadInput("node '{}' ({}) reads '{}', which nothing produces", node->label(), node->opType(), value);
    }
    for (const auto& value : node->captures_) {
      if (isDefined(value)) continue;
      throwBadInput("a subgraph of node '{}' ({}) reads '{}', which nothing produces", node->label(), node->opType(),
                    value);
    }
  }
  for (const auto& info : rest_.graph().output()) {
    if (!isDefined(info.name())) throwBadInput("nothing produces the graph's output '{}'", info.name());
  }
}

std::string dump(const Graph& graph) {
  std::string text;
  for (const Node* node : graph.nodes()) {
    const auto& proto = node->proto();
    text += fmt::format("{} = {}({})\n", fmt::join(proto.output(), ", "), node->opType(), fmt::join(proto.input(), ", "));
  }
  return text;
}

}  // namespace quant
