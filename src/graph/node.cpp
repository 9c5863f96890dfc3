#include "graph/node.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "graph/subgraphs.h"

namespace quant {

namespace {

const std::string kAbsent;

constexpr std::string_view kTypeNames[] = {"nothing", "a float",         "an int",         "a string", "a tensor",
                                           "a graph", "floats",          "ints",           "strings",  "tensors",
                                           "graphs",  "a sparse tensor", "sparse tensors", "a type",   "types"};

std::vector<std::string> capturesOfBodies(const onnx::NodeProto& node) {
  std::set<std::string> captures;
  forEachSubgraph(node, [&](const onnx::GraphProto& body) { captures.merge(capturesOf(body)); });
  return {captures.begin(), captures.end()};
}

}  // namespace

Node::Node(onnx::NodeProto proto) : proto_(std::move(proto)), captures_(capturesOfBodies(proto_)) {}

std::string_view Node::domain() const {
  return proto_.domain() == "ai.onnx" ? std::string_view() : std::string_view(proto_.domain());
}

std::string Node::label() const { return name().empty() ? fmt::format("(output {})", output()) : name(); }

const std::string& Node::input(int index) const { return index < proto_.input_size() ? proto_.input(index) : kAbsent; }

const std::string& Node::output(int index) const {
  return index < proto_.output_size() ? proto_.output(index) : kAbsent;
}

const onnx::AttributeProto* Node::findAttr(std::string_view name) const {
  const auto found = std::ranges::find_if(proto_.attribute(), [&](const auto& attr) { return attr.name() == name; });
  return found == proto_.attribute().end() ? nullptr : &*found;
}

namespace {

/// The attribute if it is there, with its type checked. An absent type field is accepted: old exporters left it out.
const onnx::AttributeProto* typed(const Node& node, std::string_view name, onnx::AttributeProto::AttributeType type) {
  const auto* found = node.findAttr(name);
  if (found != nullptr && found->type() != type && found->type() != onnx::AttributeProto::UNDEFINED) {
    throwBadInput("node '{}' ({}): attribute '{}' is {}, expected {}", node.label(), node.opType(), name,
                  kTypeNames[found->type()], kTypeNames[type]);
  }
  return found;
}

}  // namespace

float Node::attr(std::string_view name, float fallback) const {
  const auto* found = typed(*this, name, onnx::AttributeProto::FLOAT);
  return found ? found->f() : fallback;
}

int64_t Node::attr(std::string_view name, int64_t fallback) const {
  const auto* found = typed(*this, name, onnx::AttributeProto::INT);
  return found ? found->i() : fallback;
}

std::string Node::attr(std::string_view name, const char* fallback) const {
  const auto* found = typed(*this, name, onnx::AttributeProto::STRING);
  return found ? found->s() : fallback;
}

std::vector<int64_t> Node::attr(std::string_view name, const std::vector<int64_t>& fallback) const {
  const auto* found = typed(*this, name, onnx::AttributeProto::INTS);
  return found ? std::vector<int64_t>(found->ints().begin(), found->ints().end()) : fallback;
}

std::vector<float> Node::attr(std::string_view name, const std::vector<float>& fallback) const {
  const auto* found = typed(*this, name, onnx::AttributeProto::FLOATS);
  return found ? std::vector<float>(found->floats().begin(), found->floats().end()) : fallback;
}

onnx::AttributeProto& Node::obtainAttr(std::string_view name, onnx::AttributeProto::AttributeType type) {
  removeAttr(name);
  auto& added = *proto_.add_attribute();
  added.set_name(std::string(name));
  added.set_type(type);
  return added;
}

void Node::setAttr(std::string_view name, float value) { obtainAttr(name, onnx::AttributeProto::FLOAT).set_f(value); }

void Node::setAttr(std::string_view name, int64_t value) { obtainAttr(name, onnx::AttributeProto::INT).set_i(value); }

void Node::setAttr(std::string_view name, const std::string& value) {
  obtainAttr(name, onnx::AttributeProto::STRING).set_s(value);
}

void Node::setAttr(std::string_view name, const std::vector<int64_t>& values) {
  obtainAttr(name, onnx::AttributeProto::INTS).mutable_ints()->Assign(values.begin(), values.end());
}

void Node::setAttr(std::string_view name, const std::vector<float>& values) {
  obtainAttr(name, onnx::AttributeProto::FLOATS).mutable_floats()->Assign(values.begin(), values.end());
}

void Node::removeAttr(std::string_view name) {
  auto& attributes = *proto_.mutable_attribute();
  for (int i = attributes.size(); i-- > 0;) {
    if (attributes[i].name() == name) attributes.DeleteSubrange(i, 1);
  }
}

onnx::NodeProto makeNode(std::string_view op_type, const std::vector<std::string>& inputs,
                         const std::vector<std::string>& outputs, std::string_view name, std::string_view domain) {
  onnx::NodeProto node;
  node.set_op_type(std::string(op_type));
  node.set_name(std::string(name));
  if (!domain.empty()) node.set_domain(std::string(domain));
  for (const auto& value : inputs) node.add_input(value);
  for (const auto& value : outputs) node.add_output(value);
  return node;
}

}  // namespace quant
