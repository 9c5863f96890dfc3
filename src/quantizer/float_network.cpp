#include "quantizer/float_network.h"

#include <onnx/shape_inference/implementation.h>

#include <algorithm>

#include "graph/operator_schemas.h"
#include "graph/tensor_proto.h"
#include "quantizer/body_slots.h"

namespace quant {

namespace {

bool hasBodies(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(), [](const Node* node) { return !bodiesOf(node->proto()).empty(); });
}

/// The model with the types of values inside bodies, as far as they can be told.
onnx::ModelProto withTypes(const Graph& graph) {
  onnx::ModelProto model = graph.skeleton();
  try {
    onnx::shape_inference::InferShapes(model, &operatorSchemas());
  } catch (const std::exception&) {
    return graph.skeleton();  // where types contradict each other, those of the file must do
  }
  return model;
}

std::string labelOf(const onnx::NodeProto& node) {
  if (!node.name().empty()) return node.name();
  return node.output().empty() ? "" : node.output(0);
}

/// What a Constant node gives, where that is a dense tensor of float32.
std::optional<Tensor> heldFloats(const onnx::NodeProto& node) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == "value" && attribute.t().data_type() == onnx::TensorProto::FLOAT) {
      return tensorFromProto(attribute.t());
    }
    if (attribute.name() == "value_float") return Tensor::scalar<float>(attribute.f());
    if (attribute.name() == "value_floats") {
      const std::span<const float> values(attribute.floats().data(), static_cast<size_t>(attribute.floats_size()));
      return Tensor::of<float>({static_cast<int64_t>(values.size())}, values);
    }
  }
  return {};
}

/// Names that the nodes of a body read, at any depth.
void collectReads(const onnx::GraphProto& body, std::vector<std::string>& names) {
  for (const auto& node : body.node()) {
    names.insert(names.end(), node.input().begin(), node.input().end());
    for (const auto& inner : bodiesOf(node)) collectReads(*inner.graph, names);
  }
  for (const auto& output : body.output()) names.push_back(output.name());
}

}  // namespace

std::string keyOf(const std::string& path, const onnx::NodeProto& node) {
  const auto named = std::ranges::find_if(node.output(), [](const auto& name) { return !name.empty(); });
  return path + (named == node.output().end() ? node.name() : *named);
}

std::string slotKey(const std::string& node_key, size_t slot) { return fmt::format("{}/#{}", node_key, slot); }

std::string bodyPath(const std::string& node_key, const std::string& attribute) {
  return fmt::format("{}/{}/", node_key, attribute);
}

FloatNetwork::FloatNetwork(const Graph& graph, DataType half) : graph_(graph), half_(half) {
  Scope scope;
  std::optional<onnx::ModelProto> typed;
  if (hasBodies(graph)) typed = withTypes(graph);
  addConstants(graph, scope);
  addInterface(graph, scope, Actor::Kind::kInput);
  int place = 0;  // the typed copy has the same nodes in the same order
  for (const Node* node : graph.nodes()) {
    addNode(node->proto(), typed ? &typed->graph().node(place++) : nullptr, scope);
  }
  addInterface(graph, scope, Actor::Kind::kOutput);
}

DataType FloatNetwork::typeOf(const Scope& scope, const std::string& name) const {
  for (const Scope* at = &scope; at != nullptr; at = at->outer) {
    if (const auto found = at->types.find(name); found != at->types.end()) return found->second;
  }
  const auto type = graph_.valueType(name);
  return type ? type->type : DataType::kUndefined;
}

size_t FloatNetwork::find(const Scope& scope, const std::string& name) {
  for (const Scope* at = &scope; at != nullptr; at = at->outer) {
    if (const auto found = at->floats.find(name); found != at->floats.end()) return found->second;
  }
  return kNone;
}

size_t FloatNetwork::addValue(Scope& scope, const std::string& name) {
  Value value;
  value.key = scope.path + name;
  value.name = name;
  value.in_body = scope.outer != nullptr;
  values_.push_back(std::move(value));
  scope.floats[name] = values_.size() - 1;
  return values_.size() - 1;
}

void FloatNetwork::read(size_t value, size_t actor) {
  values_[value].readers.push_back(actor);
  actors_[actor].reads.push_back(value);
}

void FloatNetwork::readAsFloat(size_t value) { values_[value].is_read_as_float = true; }

void FloatNetwork::write(size_t value, size_t actor) {
  values_[value].writer = actor;
  actors_[actor].writes.push_back(value);
}

void FloatNetwork::addConstants(const Graph& graph, Scope& scope) {
  for (const auto& name : graph.constants()) {
    if (graph.valueType(name)->type != DataType::kFloat32) continue;
    values_[addValue(scope, name)].constant = graph.constant(name)->alias();
  }
}

void FloatNetwork::addInterface(const Graph& graph, Scope& scope, Actor::Kind kind) {
  const bool is_input = kind == Actor::Kind::kInput;
  for (const auto& name : is_input ? graph.inputs() : graph.outputs()) {
    if (typeOf(scope, name) != DataType::kFloat32) continue;
    Actor actor;
    actor.kind = kind;
    actor.key = actor.label = name;
    actors_.push_back(std::move(actor));
    if (is_input) write(addValue(scope, name), actors_.size() - 1);
    if (!is_input && find(scope, name) != kNone) read(find(scope, name), actors_.size() - 1);
  }
}

void FloatNetwork::addNode(const onnx::NodeProto& node, const onnx::NodeProto* typed, Scope& scope) {
  if (hasBodySlots(node)) return addControlNode(node, *typed, scope);
  if (!bodiesOf(node).empty()) return addFloat32Node(node, scope);
  addPlainNode(node, scope);
}

void FloatNetwork::addPlainNode(const onnx::NodeProto& node, Scope& scope) {
  Actor actor;
  actor.key = keyOf(scope.path, node);
  actor.label = scope.label_path + labelOf(node);
  actor.node = &node;
  const bool is_onnx = node.domain().empty() || node.domain() == "ai.onnx";
  actor.ports = halfPortsOf(node, graph_.opset(is_onnx ? "" : node.domain()), half_);
  actor.obstacle = actor.ports.obstacle;
  const size_t index = actors_.size();
  actors_.push_back(std::move(actor));
  addInputs(index, node, scope);
  addOutputs(index, node, scope);
  if (is_onnx && node.op_type() == "Constant" && actors_[index].outputs[0] != kNone) {
    values_[actors_[index].outputs[0]].constant = heldFloats(node);
  }
}

void FloatNetwork::addInputs(size_t index, const onnx::NodeProto& node, const Scope& scope) {
  for (int i = 0; i < node.input_size(); ++i) {
    const DataType type = node.input(i).empty() ? DataType::kInt64 : typeOf(scope, node.input(i));
    const size_t value = node.input(i).empty() ? kNone : find(scope, node.input(i));
    actors_[index].inputs.push_back(value);
    actors_[index].input_types.push_back(type);
    const HalfPort port = actors_[index].ports.inputs[static_cast<size_t>(i)];
    if (type == DataType::kUndefined && port == HalfPort::kFollows) {
      actors_[index].obstacle = fmt::format("the type of '{}' is not known", node.input(i));
    }
    if (value == kNone) continue;
    if (port == HalfPort::kFollows) read(value, index);
    if (port == HalfPort::kFloat32) readAsFloat(value);
  }
}

void FloatNetwork::addOutputs(size_t index, const onnx::NodeProto& node, Scope& scope) {
  for (int i = 0; i < node.output_size(); ++i) {
    const std::string& name = node.output(i);
    const bool is_float = !name.empty() && typeOf(scope, name) == DataType::kFloat32;
    actors_[index].outputs.push_back(is_float ? addValue(scope, name) : kNone);
    const HalfPort port = actors_[index].ports.outputs[static_cast<size_t>(i)];
    if (!name.empty() && port == HalfPort::kFollows && typeOf(scope, name) == DataType::kUndefined) {
      actors_[index].obstacle = fmt::format("the type of '{}' is not known", name);
    }
    if (!is_float) continue;
    if (port == HalfPort::kFloat32) {
      Actor fixed;
      fixed.kind = Actor::Kind::kFloat32;
      fixed.key = actors_[index].key;
      fixed.obstacle = "gives float32 only";
      actors_.push_back(std::move(fixed));
      write(values_.size() - 1, actors_.size() - 1);
    } else {
      write(values_.size() - 1, index);
    }
  }
}

/// A node with a body of another kind: it and all that it reads stay float32.
void FloatNetwork::addFloat32Node(const onnx::NodeProto& node, Scope& scope) {
  Actor actor;
  actor.key = keyOf(scope.path, node);
  actor.label = scope.label_path + labelOf(node);
  actor.node = &node;
  actor.obstacle = "holds a graph whose role is not known";
  actors_.push_back(std::move(actor));
  const size_t index = actors_.size() - 1;
  std::vector<std::string> names(node.input().begin(), node.input().end());
  for (const auto& body : bodiesOf(node)) collectReads(*body.graph, names);
  for (const auto& name : names) {
    if (const size_t value = find(scope, name); value != kNone) read(value, index);
  }
  for (const auto& name : node.output()) {
    if (!name.empty() && typeOf(scope, name) == DataType::kFloat32) write(addValue(scope, name), index);
  }
}

FloatNetwork::Scope FloatNetwork::bodyScope(const onnx::GraphProto& body, const onnx::GraphProto& typed,
                                            const Scope& outer, const std::string& owner_key,
                                            const std::string& owner_label, const std::string& attribute) {
  Scope scope;
  scope.outer = &outer;
  scope.path = bodyPath(owner_key, attribute);
  scope.label_path = fmt::format("{}/{}/", owner_label, attribute);
  for (const auto* infos : {&typed.value_info(), &typed.input(), &typed.output()}) {
    for (const auto& info : *infos)
      scope.types[info.name()] = static_cast<DataType>(info.type().tensor_type().elem_type());
  }
  for (const auto& tensor : body.initializer()) {
    scope.types[tensor.name()] = static_cast<DataType>(tensor.data_type());
    if (tensor.data_type() != onnx::TensorProto::FLOAT) continue;
    values_[addValue(scope, tensor.name())].constant = tensorFromProto(tensor);
  }
  return scope;
}

void FloatNetwork::addControlNode(const onnx::NodeProto& node, const onnx::NodeProto& typed, Scope& scope) {
  const std::string key = keyOf(scope.path, node), label = scope.label_path + labelOf(node);
  const auto bodies = bodiesOf(node), typed_bodies = bodiesOf(typed);
  const auto slots = bodySlotsOf(node);
  std::vector<Scope> scopes;
  for (size_t i = 0; i < bodies.size(); ++i) {
    scopes.push_back(bodyScope(*bodies[i].graph, *typed_bodies[i].graph, scope, key, label, bodies[i].name));
  }

  const size_t first = actors_.size();
  for (size_t i = 0; i < slots.size(); ++i) {
    Actor slot;
    slot.kind = Actor::Kind::kSlot;
    slot.key = slotKey(key, i);
    slot.label = label;
    slot.node = &node;
    actors_.push_back(std::move(slot));
    for (const BodyPort& port : slots[i].body_inputs) {
      const std::string& name = bodies[static_cast<size_t>(port.body)].graph->input(port.index).name();
      Scope& inner = scopes[static_cast<size_t>(port.body)];
      if (typeOf(inner, name) == DataType::kFloat32) write(addValue(inner, name), first + i);
    }
    if (slots[i].input < 0) continue;
    if (const size_t value = find(scope, node.input(slots[i].input)); value != kNone) read(value, first + i);
  }

  for (size_t i = 0; i < bodies.size(); ++i) {
    for (int n = 0; n < bodies[i].graph->node_size(); ++n) {
      addNode(bodies[i].graph->node(n), &typed_bodies[i].graph->node(n), scopes[i]);
    }
  }

  for (size_t i = 0; i < slots.size(); ++i) {
    for (const BodyPort& port : slots[i].body_outputs) {
      const std::string& name = bodies[static_cast<size_t>(port.body)].graph->output(port.index).name();
      if (const size_t value = find(scopes[static_cast<size_t>(port.body)], name); value != kNone)
        read(value, first + i);
    }
    if (slots[i].output < 0) continue;
    const std::string& name = node.output(slots[i].output);
    if (!name.empty() && typeOf(scope, name) == DataType::kFloat32) write(addValue(scope, name), first + i);
  }
}

}  // namespace quant
