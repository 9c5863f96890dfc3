#include "onnx_io/upgrade_repairs.h"

#include <algorithm>

#include "core/error.h"

namespace quant {

namespace {

template <class Attributes>
auto findAttribute(Attributes& attributes, std::string_view name) {
  return std::ranges::find_if(attributes, [&](const auto& attribute) { return attribute.name() == name; });
}

void setAttribute(onnx::NodeProto& node, std::string_view name, const std::string& value) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(std::string(name));
  attribute.set_type(onnx::AttributeProto::STRING);
  attribute.set_s(value);
}

void setAttribute(onnx::NodeProto& node, std::string_view name, int64_t value) {
  const auto known = findAttribute(*node.mutable_attribute(), name);
  auto& attribute = known == node.mutable_attribute()->end() ? *node.add_attribute() : *known;
  attribute.set_name(std::string(name));
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
}

std::string stringAttribute(const onnx::NodeProto& node, std::string_view name, const std::string& fallback) {
  const auto found = findAttribute(node.attribute(), name);
  return found == node.attribute().end() ? fallback : found->s();
}

bool isOneOf(const std::string& op_type, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, op_type) != names.end();
}

/// The shape of the first input; null when not even its rank is known.
const onnx::TensorShapeProto* shapeOfFirst(const onnx::NodeProto& node, const NodeScope& scope) {
  const onnx::TypeProto* type = node.input().empty() ? nullptr : scope.type_of(node.input(0));
  return type != nullptr && type->tensor_type().has_shape() ? &type->tensor_type().shape() : nullptr;
}

DataType elementType(const onnx::NodeProto& node, const NodeScope& scope) {
  const onnx::TypeProto* type = node.input().empty() ? nullptr : scope.type_of(node.input(0));
  return type == nullptr ? DataType::kUndefined : static_cast<DataType>(type->tensor_type().elem_type());
}

// --- Clip and Pad: attributes that became inputs of the data's own type -------------------------------------------

Tensor scalarOf(DataType type, float value) {
  switch (type) {
    case DataType::kFloat16: return Tensor::scalar(Float16(value));
    case DataType::kBFloat16: return Tensor::scalar(BFloat16(value));
    case DataType::kFloat64: return Tensor::scalar(static_cast<double>(value));
    default: return Tensor::scalar(value);
  }
}

void retypeScalars(UpgradedNode& upgraded, DataType type) {
  for (auto& [name, tensor] : upgraded.constants) {
    if (tensor.type() == DataType::kFloat32) tensor = scalarOf(type, tensor.data<float>()[0]);
  }
}

void removeAttribute(UpgradedNode& upgraded, std::string_view name) {
  for (auto& node : upgraded.nodes) {
    auto& attributes = *node.mutable_attribute();
    if (const auto found = findAttribute(attributes, name); found != attributes.end()) attributes.erase(found);
  }
}

// --- Resize and Upsample ------------------------------------------------------------------------------------------

/// Before opset 11, which introduced the choice, position x came from x / scale; the nearest source was the one below
/// when enlarging and the one above when shrinking (onnxruntime, and ONNX's own examples for opset 10).
std::string nearestMode(const onnx::NodeProto& original, const NodeScope& scope) {
  if (original.op_type() == "Upsample") return "floor";
  const auto scales = scope.constant(original.input(1));
  if (!scales || scales->type() != DataType::kFloat32) return "floor";
  const auto values = scales->data<float>();
  const bool shrinks = std::ranges::any_of(values, [](float scale) { return scale < 1; });
  const bool enlarges = std::ranges::any_of(values, [](float scale) { return scale > 1; });
  if (shrinks && enlarges) throwUnsupported("it shrinks one axis and enlarges another with mode 'nearest'");
  return shrinks ? "ceil" : "floor";
}

void dropRegionOfInterest(UpgradedNode& upgraded, onnx::NodeProto& resize) {
  std::erase_if(upgraded.constants, [&](const auto& constant) { return constant.first == resize.input(1); });
  resize.set_input(1, "");
}

void repairResize(UpgradedNode& upgraded, const onnx::NodeProto& original, int64_t to, const NodeScope& scope) {
  constexpr int64_t kRegionOptional = 13;
  onnx::NodeProto& resize = upgraded.nodes.back();
  setAttribute(resize, "coordinate_transformation_mode", std::string("asymmetric"));
  const std::string mode = stringAttribute(original, "mode", "nearest");
  if (mode == "nearest") setAttribute(resize, "nearest_mode", nearestMode(original, scope));
  if (to >= kRegionOptional) dropRegionOfInterest(upgraded, resize);
}

// --- GroupNormalization -------------------------------------------------------------------------------------------

/// The converter computes in the data's type, and writes 0 where it does not know that type.
void repairStashType(UpgradedNode& upgraded) {
  for (auto& node : upgraded.nodes) {
    const auto found = findAttribute(*node.mutable_attribute(), "stash_type");
    if (found != node.mutable_attribute()->end() && found->i() == 0) found->set_i(onnx::TensorProto::FLOAT);
  }
}

// --- Softmax ------------------------------------------------------------------------------------------------------

std::optional<onnx::NodeProto> softmaxAlongOneAxis(const onnx::NodeProto& node, const NodeScope& scope) {
  const onnx::TensorShapeProto* shape = shapeOfFirst(node, scope);
  if (shape == nullptr) return {};
  const auto given = findAttribute(node.attribute(), "axis");
  const int64_t axis = normalizeAxis(given == node.attribute().end() ? 1 : given->i(), shape->dim_size());
  int64_t wide_axes = 0, wide_axis = axis;
  for (auto i = static_cast<int>(axis); i < shape->dim_size(); ++i) {
    if (shape->dim(i).has_dim_value() && shape->dim(i).dim_value() == 1) continue;
    ++wide_axes;
    wide_axis = i;
  }
  if (wide_axes > 1) return {};
  onnx::NodeProto upgraded = node;
  setAttribute(upgraded, "axis", wide_axis);
  return upgraded;
}

// --- PRelu --------------------------------------------------------------------------------------------------------

/// [C] becomes [C,1,...], with as many axes as follow the batch.
UpgradedNode broadcastSlopes(const onnx::NodeProto& node, const NodeScope& scope) {
  const onnx::TensorShapeProto* shape = shapeOfFirst(node, scope);
  const auto slopes = node.input_size() > 1 ? scope.constant(node.input(1)) : std::nullopt;
  if (shape == nullptr || !slopes) throwUnsupported("its slopes are not constant, or its input has an unknown rank");
  UpgradedNode upgraded{{node}, {}};
  if (slopes->elementCount() == 1 || slopes->rank() != 1) return upgraded;
  Shape by_channel(static_cast<size_t>(std::max(shape->dim_size() - 1, 1)), 1);
  by_channel.front() = slopes->elementCount();
  const std::string name = scope.unique_name(node.input(1) + "_by_channel");
  upgraded.nodes.front().set_input(1, name);
  upgraded.constants.emplace_back(name, slopes->alias(by_channel).clone());
  return upgraded;
}

}  // namespace

std::optional<UpgradedNode> upgradeDirectly(const onnx::NodeProto& node, int64_t from, int64_t to,
                                            const NodeScope& scope) {
  constexpr int64_t kBroadcastSlopes = 7, kSoftmaxOnOneAxis = 13;
  if (node.op_type() == "PRelu" && from < kBroadcastSlopes && to >= kBroadcastSlopes) {
    return broadcastSlopes(node, scope);
  }
  const bool is_softmax = isOneOf(node.op_type(), {"Softmax", "LogSoftmax", "Hardmax"});
  if (!is_softmax || from >= kSoftmaxOnOneAxis || to < kSoftmaxOnOneAxis) return {};
  auto upgraded = softmaxAlongOneAxis(node, scope);
  if (!upgraded) return {};
  return UpgradedNode{{std::move(*upgraded)}, {}};
}

onnx::NodeProto withoutUnreadOutputs(const onnx::NodeProto& node, const NodeScope& scope) {
  onnx::NodeProto trimmed = node;
  if (!isOneOf(node.op_type(), {"BatchNormalization", "Dropout"})) return trimmed;
  while (trimmed.output_size() > 1 && !scope.is_read(trimmed.output(trimmed.output_size() - 1))) {
    trimmed.mutable_output()->RemoveLast();
  }
  return trimmed;
}

void repair(UpgradedNode& upgraded, const onnx::NodeProto& original, int64_t from, int64_t to, const NodeScope& scope) {
  constexpr int64_t kInputsForAttributes = 11;
  const bool crosses_11 = from < kInputsForAttributes && to >= kInputsForAttributes;
  if (crosses_11 && isOneOf(original.op_type(), {"Clip", "Pad"})) {
    retypeScalars(upgraded, elementType(original, scope));
    if (stringAttribute(original, "mode", "constant") != "constant") removeAttribute(upgraded, "value");
  }
  if (crosses_11 && isOneOf(original.op_type(), {"Resize", "Upsample"})) repairResize(upgraded, original, to, scope);
  if (original.op_type() == "GroupNormalization") repairStashType(upgraded);
}

}  // namespace quant
