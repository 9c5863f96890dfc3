#include "quantizer/half_ports.h"

#include <fmt/format.h>
#include <onnx/defs/schema.h>

#include <algorithm>

namespace quant {

namespace {

using onnx::OpSchema;

constexpr const char* kFloat32Type = "tensor(float)";

std::string typeName(DataType half) { return fmt::format("tensor({})", toString(half)); }

bool allows(const OpSchema::FormalParameter& parameter, const std::string& type) {
  return std::ranges::any_of(parameter.GetTypes(), [&](const auto* allowed) { return *allowed == type; });
}

/// True when the operator takes float32 tensors there, but none of type `half`.
bool isOnlyFloat32(const OpSchema::FormalParameter& parameter, const std::string& half) {
  return allows(parameter, kFloat32Type) && !allows(parameter, half);
}

/// Inputs whose type says nothing about the node's results; -1 stands for all of them.
struct PortRow {
  std::string_view op_type;
  int input;
};

constexpr PortRow kAnyInputs[] = {
    {"Shape", 0}, {"Size", 0}, {"NonZero", 0}, {"IsNaN", 0}, {"IsInf", 0}, {"Cast", 0}, {"ArgMax", 0}, {"ArgMin", 0},
};

/// Positions, sizes and numbers of elements, which would lose their last places.
constexpr PortRow kFloat32Inputs[] = {
    {"Resize", 1}, {"Resize", 2}, {"Upsample", 1}, {"GridSample", 1}, {"OneHot", 0}, {"OneHot", 1}, {"Dropout", 1},
};

template <size_t N>
bool contains(const PortRow (&rows)[N], std::string_view op_type, int input) {
  return std::ranges::any_of(rows, [&](const auto& row) { return row.op_type == op_type && row.input == input; });
}

/// Operators of com.microsoft whose floats are all of one type, which may be float16.
constexpr std::string_view kContributed[] = {
    "Attention",
    "BiasGelu",
    "FastGelu",
    "FusedMatMul",
    "Gelu",
    "GroupQueryAttention",
    "MatMulNBits",
    "MultiHeadAttention",
    "QuickGelu",
    "RotaryEmbedding",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
};

bool isContributed(const onnx::NodeProto& node, DataType half) {
  // One of them stands in ONNX's own domain.
  if (node.domain().empty() && node.op_type() == "SimplifiedLayerNormalization") return half == DataType::kFloat16;
  return node.domain() == "com.microsoft" && half == DataType::kFloat16 &&
         std::ranges::find(kContributed, node.op_type()) != std::end(kContributed);
}

const OpSchema* schemaOf(const onnx::NodeProto& node, int64_t opset) {
  const std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
  return onnx::OpSchemaRegistry::Schema(node.op_type(), static_cast<int>(opset), domain);
}

/// The parameter of place `index`: the last one may stand for many.
const OpSchema::FormalParameter* parameterAt(const std::vector<OpSchema::FormalParameter>& parameters, int index) {
  if (parameters.empty()) return nullptr;
  return &parameters[std::min(static_cast<size_t>(index), parameters.size() - 1)];
}

HalfPort inputPort(const onnx::NodeProto& node, const OpSchema::FormalParameter& parameter, int index,
                   const std::string& half) {
  if (node.domain().empty() || node.domain() == "ai.onnx") {
    if (contains(kAnyInputs, node.op_type(), index) && allows(parameter, half)) return HalfPort::kAny;
    if (contains(kFloat32Inputs, node.op_type(), index)) return HalfPort::kFloat32;
  }
  return isOnlyFloat32(parameter, half) ? HalfPort::kFloat32 : HalfPort::kFollows;
}

bool handlesSequences(const OpSchema& schema) {
  const auto isSequence = [](const OpSchema::FormalParameter& parameter) {
    return std::ranges::any_of(parameter.GetTypes(),
                               [](const auto* type) { return type->starts_with("seq(") || type->starts_with("map("); });
  };
  // Identity takes sequences too, but says nothing about their elements.
  return std::ranges::any_of(schema.inputs(),
                             [&](const auto& p) { return isSequence(p) && !allows(p, kFloat32Type); }) ||
         std::ranges::any_of(schema.outputs(),
                             [&](const auto& p) { return isSequence(p) && !allows(p, kFloat32Type); });
}

std::string versionObstacle(const onnx::NodeProto& node, const OpSchema& schema, DataType half) {
  return fmt::format("ONNX's {}-{} does not take {}", node.op_type(), schema.since_version(), toString(half));
}

}  // namespace

HalfPorts halfPortsOf(const onnx::NodeProto& node, int64_t opset, DataType half) {
  HalfPorts ports;
  ports.inputs.resize(static_cast<size_t>(node.input_size()), HalfPort::kFollows);
  ports.outputs.resize(static_cast<size_t>(node.output_size()), HalfPort::kFollows);
  if (isContributed(node, half)) return ports;
  const OpSchema* schema = schemaOf(node, opset);
  if (schema == nullptr) {
    ports.obstacle = fmt::format("nothing says that {}{}{} takes {}", node.domain(), node.domain().empty() ? "" : ".",
                                 node.op_type(), toString(half));
    return ports;
  }
  const std::string type = typeName(half);
  bool is_float_only = false, has_half = false;
  for (int i = 0; i < node.input_size(); ++i) {
    const auto* parameter = parameterAt(schema->inputs(), i);
    if (parameter == nullptr) continue;
    ports.inputs[static_cast<size_t>(i)] = inputPort(node, *parameter, i, type);
    is_float_only = is_float_only || isOnlyFloat32(*parameter, type);
    has_half = has_half || allows(*parameter, type);
  }
  for (int i = 0; i < node.output_size(); ++i) {
    const auto* parameter = parameterAt(schema->outputs(), i);
    if (parameter == nullptr) continue;
    if (isOnlyFloat32(*parameter, type)) ports.outputs[static_cast<size_t>(i)] = HalfPort::kFloat32;
    is_float_only = is_float_only || isOnlyFloat32(*parameter, type);
    has_half = has_half || allows(*parameter, type);
  }
  if (is_float_only && !has_half) ports.obstacle = versionObstacle(node, *schema, half);
  if (handlesSequences(*schema)) ports.obstacle = "handles sequences, whose elements stay float32";
  return ports;
}

int64_t opsetForHalf(const std::string& op_type, int64_t opset, DataType half) {
  const std::string type = typeName(half);
  const auto placesFor = [&](int64_t version) {
    const OpSchema* schema = onnx::OpSchemaRegistry::Schema(op_type, static_cast<int>(version), "");
    if (schema == nullptr) return ptrdiff_t{0};
    const auto takes = [&](const auto& parameter) { return allows(parameter, type); };
    return std::ranges::count_if(schema->inputs(), takes) + std::ranges::count_if(schema->outputs(), takes);
  };
  const auto newest =
      static_cast<int64_t>(onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second);
  const ptrdiff_t most = placesFor(newest);
  for (int64_t version = opset; version <= newest; ++version) {
    if (placesFor(version) >= most) return version;
  }
  return opset;
}

}  // namespace quant
