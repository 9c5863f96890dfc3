#include "runtime/lowering/expand_functions.h"

#include <onnx/defs/function.h>
#include <onnx/defs/schema.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/error.h"

namespace quant {

namespace {

constexpr int kDeepest = 8;  // functions of functions of ...

const onnx::OpSchema* schemaOf(const Node& node, int64_t opset) {
  return onnx::OpSchemaRegistry::Instance()->GetSchema(node.opType(), static_cast<int>(opset),
                                                       std::string(node.domain()));
}

/// No value of a Graph is a sequence, and ONNX's body of SequenceMap takes for granted that the types are known.
bool takesSequences(const onnx::OpSchema& schema) {
  return std::ranges::any_of(schema.inputs(), [](const auto& parameter) {
    return std::ranges::any_of(parameter.GetTypes(), [](const auto* type) { return type->starts_with("seq("); });
  });
}

bool hasBody(const onnx::OpSchema* schema) {
  return schema != nullptr && (schema->HasFunction() || schema->HasContextDependentFunction()) &&
         !takesSequences(*schema);
}

onnx::TypeProto typeProtoOf(const Graph& graph, const std::string& value) {
  onnx::TypeProto proto;
  const auto type = graph.valueType(value);
  if (!type || type->type == DataType::kUndefined) return proto;
  auto& tensor = *proto.mutable_tensor_type();
  tensor.set_elem_type(static_cast<int32_t>(type->type));
  if (!type->shape) return proto;
  auto& shape = *tensor.mutable_shape();
  for (const int64_t size : *type->shape) {
    auto& dim = *shape.add_dim();
    if (size >= 0) dim.set_dim_value(size);
  }
  return proto;
}

/// The node with the attributes that it leaves to their default.
onnx::NodeProto withDefaults(const Node& node, const onnx::OpSchema& schema) {
  onnx::NodeProto proto = node.proto();
  for (const auto& [name, attribute] : schema.attributes()) {
    if (node.hasAttr(name) || attribute.default_value.type() == onnx::AttributeProto::UNDEFINED) continue;
    *proto.add_attribute() = attribute.default_value;
    proto.mutable_attribute()->rbegin()->set_name(name);
  }
  return proto;
}

/// The body that ONNX defines for a call in an opset; nothing where the call's types are not known well enough.
std::optional<onnx::FunctionProto> bodyOf(const Graph& graph, const Node& node, const onnx::OpSchema& schema,
                                          const onnx::NodeProto& call) {
  const auto opset = static_cast<int>(graph.opset());
  if (schema.HasFunction()) {
    if (const auto* body = schema.GetFunction(opset)) return *body;
  }
  if (!schema.HasContextDependentFunction()) return {};
  std::vector<onnx::TypeProto> types;
  for (int i = 0; i < node.inputCount(); ++i) types.push_back(typeProtoOf(graph, node.input(i)));
  const onnx::FunctionBodyBuildContextImpl context(call, types);
  onnx::FunctionProto body;
  if (!schema.BuildContextDependentFunction(context, body, opset)) return {};
  return body;
}

/// Copies a body into the graph that calls it: values get the caller's names or new ones, attributes that name one of
/// the function's its value.
class Inlining {
 public:
  Inlining(const onnx::FunctionProto& body, const onnx::NodeProto& call, const Node& node, const Graph& graph)
      : graph_(graph), label_(node.label()) {
    for (const auto& attribute : call.attribute()) attributes_[attribute.name()] = &attribute;
    for (const auto& attribute : body.attribute_proto()) attributes_.emplace(attribute.name(), &attribute);
    for (int i = 0; i < body.input_size(); ++i) {
      names_[body.input(i)] = i < call.input_size() ? call.input(i) : std::string();
    }
    for (int i = 0; i < body.output_size(); ++i) {
      const bool is_bound = i < call.output_size() && !call.output(i).empty();
      names_[body.output(i)] = is_bound ? call.output(i) : newName(body.output(i));
    }
    for (const auto& inner : body.node()) nodes_.push_back(copyOf(inner));
  }

  std::vector<onnx::NodeProto> take() { return std::move(nodes_); }

 private:
  std::string newName(const std::string& name) {
    std::string made = graph_.uniqueName(label_ + "/" + name);
    while (!made_.insert(made).second) made += "_";
    return made;
  }

  void rename(std::string& name) {
    if (name.empty()) return;
    auto found = names_.find(name);
    if (found == names_.end()) found = names_.emplace(name, newName(name)).first;
    name = found->second;
  }

  void renameAll(google::protobuf::RepeatedPtrField<std::string>& names) {
    for (auto& name : names) rename(name);
  }

  void copyGraph(onnx::GraphProto& graph) {
    for (auto* values : {graph.mutable_input(), graph.mutable_output(), graph.mutable_value_info()}) {
      for (auto& value : *values) rename(*value.mutable_name());
    }
    for (auto& initializer : *graph.mutable_initializer()) rename(*initializer.mutable_name());
    for (auto& inner : *graph.mutable_node()) inner = copyOf(inner);
  }

  onnx::NodeProto copyOf(onnx::NodeProto node) {
    node.set_name(label_ + "/" + (node.name().empty() ? node.op_type() : node.name()));
    renameAll(*node.mutable_input());
    renameAll(*node.mutable_output());
    google::protobuf::RepeatedPtrField<onnx::AttributeProto> kept;
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) copyGraph(*attribute.mutable_g());
      if (attribute.ref_attr_name().empty()) {
        *kept.Add() = attribute;
      } else if (const auto given = attributes_.find(attribute.ref_attr_name()); given != attributes_.end()) {
        *kept.Add() = *given->second;
        kept.rbegin()->set_name(attribute.name());
      }
    }
    node.mutable_attribute()->Swap(&kept);
    return node;
  }

  const Graph& graph_;
  std::string label_;
  std::map<std::string, const onnx::AttributeProto*> attributes_;
  std::map<std::string, std::string> names_;
  std::set<std::string> made_;
  std::vector<onnx::NodeProto> nodes_;
};

std::optional<std::vector<onnx::NodeProto>> definitionOf(const Graph& graph, const Node& node, int64_t opset) {
  if (const ExpansionRule rule = contributedFunction(node)) {
    Expansion expansion(graph, node);
    rule(expansion);
    if (expansion.isDeclined()) return {};
    return expansion.take();
  }
  const auto* schema = schemaOf(node, opset);
  if (!hasBody(schema)) return {};
  const onnx::NodeProto call = withDefaults(node, *schema);
  const auto body = bodyOf(graph, node, *schema, call);
  if (!body) return {};
  return Inlining(*body, call, node, graph).take();
}

std::vector<Node*> functionsWithoutKernel(Graph& graph, const KernelRegistry& kernels) {
  std::vector<Node*> found;
  for (Node* node : graph.nodes()) {
    const int64_t opset = std::max<int64_t>(graph.opset(node->domain()), 1);
    if (kernels.find(node->domain(), node->opType(), opset) == nullptr && isFunction(*node, opset)) {
      found.push_back(node);
    }
  }
  return found;
}

}  // namespace

std::string Expansion::add(const char* op_type, const std::vector<std::string>& inputs, const char* domain) {
  const std::string label = node_.label() + "/" + op_type;
  std::string output = graph_.uniqueName(label);
  while (!made_.insert(output).second) output += "_";
  nodes_.push_back(makeNode(op_type, inputs, {output}, label, domain));
  return output;
}

void Expansion::bind(size_t index, const std::string& value) {
  const std::string& wanted = node_.output(static_cast<int>(index));
  if (wanted.empty()) return;
  for (auto& node : nodes_) {
    for (auto* names : {node.mutable_input(), node.mutable_output()}) {
      for (auto& name : *names) {
        if (name == value) name = wanted;
      }
    }
  }
}

int64_t Expansion::rankOf(const std::string& value) const {
  const auto type = graph_.valueType(value);
  return type && type->shape ? static_cast<int64_t>(type->shape->size()) : -1;
}

bool isFunction(const Node& node, int64_t opset) {
  if (contributedFunction(node) != nullptr) return true;
  return hasBody(schemaOf(node, opset));
}

int expandFunctions(Graph& graph, const KernelRegistry& kernels) {
  int expanded = 0;
  for (int depth = 0; depth < kDeepest; ++depth) {
    const auto calls = functionsWithoutKernel(graph, kernels);
    if (calls.empty()) break;
    graph.inferShapes();
    int replaced = 0;
    for (Node* node : calls) {
      const int64_t opset = std::max<int64_t>(graph.opset(node->domain()), 1);
      auto nodes = definitionOf(graph, *node, opset);
      if (!nodes) continue;
      graph.replaceNode(*node, std::move(*nodes));
      ++replaced;
    }
    if (replaced == 0) break;
    expanded += replaced;
  }
  return expanded;
}

}  // namespace quant
