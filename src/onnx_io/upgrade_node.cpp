#include "onnx_io/upgrade_node.h"

#include <onnx/version_converter/convert.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "graph/onnx_message.h"
#include "graph/tensor_proto.h"
#include "onnx_io/label.h"
#include "onnx_io/upgrade_repairs.h"

namespace quant {

namespace {

namespace conversion = onnx::version_conversion;

bool isOnnx(const onnx::NodeProto& node) { return node.domain().empty() || node.domain() == "ai.onnx"; }

/// What the converter's own form cannot hold, or what only a caller of the function knows. It stays as it is.
bool isHeldBack(const onnx::AttributeProto& attribute) {
  return !attribute.ref_attr_name().empty() || attribute.has_g() || attribute.graphs_size() > 0 ||
         attribute.has_sparse_tensor() || attribute.sparse_tensors_size() > 0;
}

/// Neutral names for the values of one node, so that names that the converter makes up cannot meet them.
class Names {
 public:
  std::string hide(const std::string& name) {
    if (name.empty()) return name;
    const auto [entry, is_new] = hidden_.emplace(name, fmt::format("value{}", hidden_.size()));
    if (is_new) shown_[entry->second] = name;
    return entry->second;
  }
  void show(const std::string& hidden, const std::string& name) { shown_[hidden] = name; }
  [[nodiscard]] bool isKnown(const std::string& hidden) const { return hidden.empty() || shown_.contains(hidden); }
  [[nodiscard]] std::string shown(const std::string& hidden) const {
    return hidden.empty() ? hidden : shown_.at(hidden);
  }

 private:
  std::map<std::string, std::string> hidden_, shown_;
};

void addValue(onnx::ValueInfoProto& info, const std::string& hidden, const onnx::TypeProto* type) {
  info.set_name(hidden);
  if (type != nullptr) *info.mutable_type() = *type;
}

/// A model of this one node.
onnx::ModelProto wrap(const onnx::NodeProto& node, int64_t opset, const NodeScope& scope, Names& names) {
  onnx::ModelProto model;
  model.set_ir_version(4);
  model.add_opset_import()->set_version(opset);
  auto& graph = *model.mutable_graph();
  graph.set_name("g");
  auto& only = *graph.add_node();
  only.set_op_type(node.op_type());
  for (const auto& value : node.input()) {
    const std::string hidden = names.hide(value);
    only.add_input(hidden);
    const bool is_new = std::ranges::none_of(graph.input(), [&](const auto& info) { return info.name() == hidden; });
    if (is_new && !value.empty()) addValue(*graph.add_input(), hidden, scope.type_of(value));
  }
  for (const auto& value : node.output()) {
    only.add_output(names.hide(value));
    if (!value.empty()) addValue(*graph.add_output(), names.hide(value), scope.type_of(value));
  }
  for (const auto& attribute : node.attribute()) {
    if (!isHeldBack(attribute)) *only.add_attribute() = attribute;
  }
  return model;
}

bool isSameValue(const onnx::AttributeProto& original, const onnx::AttributeProto& converted) {
  onnx::AttributeProto plain = original;
  plain.clear_doc_string();
  plain.GetReflection()->MutableUnknownFields(&plain)->Clear();
  return plain.SerializeAsString() == converted.SerializeAsString();
}

/// The original's attributes with the converter's changes: unchanged ones keep what the converter does not know.
void mergeAttributes(onnx::NodeProto& node, const onnx::NodeProto& converted) {
  const auto find = [](auto& attributes, const std::string& name) {
    return std::ranges::find_if(attributes, [&](const auto& attribute) { return attribute.name() == name; });
  };
  auto& attributes = *node.mutable_attribute();
  attributes.erase(std::remove_if(attributes.begin(), attributes.end(),
                                  [&](const auto& attribute) {
                                    return !isHeldBack(attribute) &&
                                           find(converted.attribute(), attribute.name()) == converted.attribute().end();
                                  }),
                   attributes.end());
  for (const auto& attribute : converted.attribute()) {
    const auto known = find(attributes, attribute.name());
    if (known == attributes.end()) {
      *attributes.Add() = attribute;
    } else if (!isSameValue(*known, attribute)) {
      *known = attribute;
    }
  }
}

/// Operators that go on under another name.
std::string_view successor(std::string_view op_type) {
  if (op_type == "Upsample") return "Resize";
  if (op_type == "Scatter") return "ScatterElements";
  return op_type;
}

/// The name of a formal input, such as "axes".
std::string formalName(const onnx::NodeProto& node, int index, int64_t opset) {
  const auto* schema = onnx::OpSchemaRegistry::Schema(node.op_type(), static_cast<int>(opset), "");
  const bool has_name = schema != nullptr && index < static_cast<int>(schema->inputs().size());
  return has_name ? schema->inputs()[static_cast<size_t>(index)].GetName() : "constant";
}

/// "conv1_axes" for a value that the converter made for input `axes` of a node.
std::string baseName(const std::string& label, const std::string& hidden, const onnx::GraphProto& graph,
                     int64_t opset) {
  for (const auto& node : graph.node()) {
    for (int i = 0; i < node.input_size(); ++i) {
      if (node.input(i) == hidden) return fmt::format("{}_{}", label, formalName(node, i, opset));
    }
  }
  return label + "_unused";
}

const onnx::TensorProto* constantOf(const onnx::NodeProto& node) {
  return node.op_type() == "Constant" && node.attribute_size() == 1 && node.attribute(0).has_t()
             ? &node.attribute(0).t()
             : nullptr;
}

/// Turns the converter's one-node model back into nodes of ours.
class Unwrapping {
 public:
  Unwrapping(const onnx::NodeProto& original, const onnx::GraphProto& converted, const NodeScope& scope, Names& names,
             int64_t opset)
      : original_(original), converted_(converted), scope_(scope), names_(names), opset_(opset) {}

  UpgradedNode run() {
    for (const auto& tensor : converted_.initializer()) addConstant(tensor.name(), tensor);
    for (const auto& node : converted_.node()) {
      const onnx::TensorProto* constant = constantOf(node);
      constant != nullptr ? addConstant(node.output(0), *constant) : addNode(node);
    }
    return std::move(result_);
  }

 private:
  void addConstant(const std::string& hidden, const onnx::TensorProto& tensor) {
    const std::string base = original_.name().empty() ? original_.output(0) : original_.name();
    const std::string name = scope_.unique_name(baseName(base, hidden, converted_, opset_));
    names_.show(hidden, name);
    result_.constants.emplace_back(name, tensorFromProto(tensor));
  }

  void addNode(const onnx::NodeProto& converted) {
    const bool is_main = converted.op_type() == successor(original_.op_type());
    onnx::NodeProto node = is_main ? original_ : converted;
    node.set_op_type(converted.op_type());
    if (is_main) mergeAttributes(node, converted);
    if (!is_main && !original_.name().empty()) node.set_name(original_.name() + "_" + converted.op_type());
    node.clear_input();
    node.clear_output();
    for (const auto& hidden : converted.input()) node.add_input(names_.shown(hidden));
    for (const auto& hidden : converted.output()) {
      if (!names_.isKnown(hidden)) {
        names_.show(hidden, scope_.unique_name(fmt::format("{}_{}", original_.output(0), converted.op_type())));
      }
      node.add_output(names_.shown(hidden));
    }
    result_.nodes.push_back(std::move(node));
  }

  const onnx::NodeProto& original_;
  const onnx::GraphProto& converted_;
  const NodeScope& scope_;
  Names& names_;
  int64_t opset_;
  UpgradedNode result_;
};

}  // namespace

/// ONNX's converter with the adapters that it lacks: its Hardmax is taken for unchanged at opset 13, and its own
/// adapter for GroupNormalization at 21 is overwritten by one that does nothing.
class NodeUpgrader::Converter : public conversion::DefaultVersionConverter {
 public:
  Converter() {
    registerAdapter(std::make_unique<conversion::Softmax_12_13>("Hardmax"));
    registerAdapter(std::make_unique<conversion::GroupNormalization_20_21>());
  }

  /// True when every new definition of the operator on the way accepts and means the old node.
  [[nodiscard]] bool keeps(const std::string& op_type, int64_t from, int64_t to) const {
    if (op_type == "PRelu" && from < 7) return false;  // taken for unchanged, see upgradeDirectly
    for (int64_t version = from + 1; version <= to; ++version) {
      const auto* schema = onnx::OpSchemaRegistry::Schema(op_type, static_cast<int>(version), "");
      if (schema == nullptr || schema->since_version() != version) continue;
      if (!isCompatible(op_type, version)) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] bool isCompatible(const std::string& op_type, int64_t version) const {
    const auto by_op = adapters.find(op_type);
    if (by_op == adapters.end()) return false;
    const auto by_start = by_op->second.find(onnx::OpSetID(version - 1).toString());
    if (by_start == by_op->second.end()) return false;
    const auto adapter = by_start->second.find(onnx::OpSetID(version).toString());
    return adapter != by_start->second.end() &&
           dynamic_cast<const conversion::CompatibleAdapter*>(adapter->second.get()) != nullptr;
  }
};

NodeUpgrader::NodeUpgrader(int64_t from, int64_t to)
    : converter_(std::make_unique<Converter>()), from_(from), to_(to) {}

NodeUpgrader::~NodeUpgrader() = default;

std::optional<UpgradedNode> NodeUpgrader::upgrade(const onnx::NodeProto& node, const NodeScope& scope) const {
  if (!isOnnx(node) || converter_->keeps(node.op_type(), from_, to_)) return {};
  std::string reason;
  try {
    return convert(node, scope);
  } catch (const std::exception& error) {
    reason = onnxMessage(error.what());
  }
  throwUnsupported("node '{}' ({}) cannot be raised from opset {} to {}: {}", labelOf(node), node.op_type(), from_, to_,
                   reason);
}

UpgradedNode NodeUpgrader::convert(const onnx::NodeProto& node, const NodeScope& scope) const {
  const auto by_caller = std::ranges::find_if(node.attribute(), [](const auto& a) { return a.has_ref_attr_name(); });
  if (by_caller != node.attribute().end()) {
    throwUnsupported("its attribute '{}' comes from the caller of a function", by_caller->name());
  }
  if (std::ranges::any_of(node.attribute(), [](const auto& attribute) { return attribute.has_g(); })) {
    throwUnsupported("its body would have to change");  // Scan before opset 9
  }
  if (auto upgraded = upgradeDirectly(node, from_, to_, scope)) return std::move(*upgraded);
  const onnx::NodeProto original = withoutUnreadOutputs(node, scope);
  Names names;
  const onnx::ModelProto model = wrap(original, from_, scope, names);
  const auto converted = converter_->convert_version(model, onnx::OpSetID(from_), onnx::OpSetID(to_));
  UpgradedNode upgraded = Unwrapping(original, converted.graph(), scope, names, to_).run();
  repair(upgraded, original, from_, to_, scope);
  return upgraded;
}

}  // namespace quant
