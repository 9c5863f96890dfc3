#include <onnx/shape_inference/implementation.h>

#include <algorithm>

#include "core/error.h"
#include "graph/graph.h"
#include "graph/onnx_message.h"
#include "graph/operator_schemas.h"
#include "graph/tensor_proto.h"
#include "graph/value_info.h"

// The part of Graph that knows types and shapes.

namespace quant {

namespace {

/// Constants up to this many elements may be shapes, axes or repeats, whose values shape inference needs.
constexpr int64_t kMaxShapeElements = 256;

std::optional<ValueType> typeOf(const onnx::ValueInfoProto& info) {
  if (!info.type().has_tensor_type()) return {};
  const auto& tensor = info.type().tensor_type();
  ValueType result{static_cast<DataType>(tensor.elem_type()), {}};
  if (tensor.has_shape()) {
    result.shape.emplace();
    for (const auto& dim : tensor.shape().dim())
      result.shape->push_back(dim.has_dim_value() ? std::max<int64_t>(dim.dim_value(), -1) : -1);
  }
  return result;
}

std::vector<std::string> sizeNamesOf(const onnx::ValueInfoProto& info) {
  std::vector<std::string> names;
  for (const auto& dim : info.type().tensor_type().shape().dim()) names.push_back(dim.dim_param());
  if (std::ranges::all_of(names, &std::string::empty)) names.clear();
  return names;
}

/// Some exporters write -1 where a size is not known.
void forgetNegativeSizes(onnx::ValueInfoProto& info) {
  if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) return;
  for (auto& dim : *info.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim()) {
    if (dim.has_dim_value() && dim.dim_value() < 0) dim.clear_dim_value();
  }
}

bool isSmall(const onnx::TensorProto& proto) {
  int64_t count = 1;
  for (const int64_t size : proto.dims()) {
    if (size <= 0) return true;
    if (size > kMaxShapeElements / count) return false;
    count *= size;
  }
  return true;
}

bool isExternal(const onnx::TensorProto& proto) { return proto.data_location() == onnx::TensorProto::EXTERNAL; }

/// ONNX's definition of the node's operator; null for operators of other domains, or of versions it does not know.
const onnx::OpSchema* schemaOf(const onnx::NodeProto& node, const onnx::ModelProto& model) {
  const auto plain = [](const std::string& domain) { return domain == "ai.onnx" ? std::string() : domain; };
  const std::string domain = plain(node.domain());
  for (const auto& import : model.opset_import()) {
    if (plain(import.domain()) != domain) continue;
    return onnx::OpSchemaRegistry::Schema(node.op_type(), static_cast<int>(import.version()), domain);
  }
  return nullptr;
}

/// True when inference knows nothing of the node, or goes through a function body of ONNX's own, where it trips over
/// attributes that the node leaves out (MeanVarianceNormalization without axes).
bool mayMislead(const onnx::NodeProto& node, const onnx::ModelProto& model) {
  const onnx::OpSchema* schema = schemaOf(node, model);
  return schema == nullptr || (schema->HasFunction() && !schema->has_type_and_shape_inference_function());
}

bool hasMisleadingNode(const onnx::GraphProto& graph, const onnx::ModelProto& model) {
  const auto inner = [&](const onnx::GraphProto& subgraph) { return hasMisleadingNode(subgraph, model); };
  return std::ranges::any_of(graph.node(), [&](const onnx::NodeProto& node) {
    return mayMislead(node, model) || std::ranges::any_of(node.attribute(), [&](const auto& attribute) {
             return (attribute.has_g() && inner(attribute.g())) || std::ranges::any_of(attribute.graphs(), inner);
           });
  });
}

/// ONNX's wording where an operator reads a value of which nothing is known, as in bodies of a Loop over sequences.
bool saysUnknown(std::string_view message) {
  const auto says = [&](std::string_view part) { return message.find(part) != std::string_view::npos; };
  return says("instead is null") || says("Type info is expected") || (says("Element type of input") && says("unknown"));
}

enum class Contradictions { kRefused, kIgnored };

void runInference(onnx::ModelProto& model, Contradictions contradictions) {
  const onnx::ShapeInferenceOptions options(/*check_type_val=*/true,
                                            /*strict_mode_val=*/contradictions == Contradictions::kRefused ? 1 : 0,
                                            /*data_prop_val=*/true);
  onnx::shape_inference::InferShapes(model, &operatorSchemas(), options);
}

}  // namespace

void describe(onnx::ValueInfoProto& info, const std::string& name, const ValueType& value) {
  info.set_name(name);
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(static_cast<int32_t>(value.type));
  if (!value.shape) return;
  type.mutable_shape();
  for (const int64_t size : *value.shape) {
    auto& dim = *type.mutable_shape()->add_dim();
    if (size >= 0) dim.set_dim_value(size);
  }
}

bool ValueType::isStatic() const {
  return shape && std::ranges::none_of(*shape, [](int64_t size) { return size < 0; });
}

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

onnx::ModelProto Graph::skeleton() const {
  constexpr int64_t kFreeInitializers = 4;  // the format version in which they need not be declared as inputs
  onnx::ModelProto model = rest_;
  model.set_ir_version(std::max<int64_t>(model.ir_version(), kFreeInitializers));
  auto& graph = *model.mutable_graph();
  graph.clear_value_info();
  for (auto* infos : {graph.mutable_input(), graph.mutable_output()}) {
    for (auto& info : *infos) forgetNegativeSizes(info);
  }
  for (const auto& name : constants()) {
    const Constant& constant = constants_.at(name);
    const bool is_here = constant.tensor || !(constant.derived || isExternal(*constant.proto));
    if (isSmall(*constant.proto) && is_here) {
      *graph.add_initializer() = constant.data_in_tensor ? protoFromTensor(*constant.tensor, name) : *constant.proto;
      continue;
    }
    const bool is_input = std::ranges::any_of(graph.input(), [&](const auto& info) { return info.name() == name; });
    if (!is_input) describe(*graph.add_input(), name, *valueType(name));
  }
  for (const Node* node : sorted()) {
    auto& added = *graph.add_node();
    added = node->proto_;
    if (added.name().empty()) added.set_name(node->label());  // for the messages
    if (schemaOf(added, rest_) != nullptr) continue;
    for (const auto& value : added.output()) {
      // Nobody can infer it; what the file says is all that is known.
      if (const auto known = types_.find(value); known != types_.end()) {
        describe(*graph.add_value_info(), value, known->second);
      }
    }
  }
  return model;
}

void Graph::inferShapes() {
  onnx::ModelProto model = skeleton();
  try {
    try {
      runInference(model, Contradictions::kRefused);
    } catch (const std::exception& error) {
      // After such an operator, "contradiction" may just mean "unknown".
      if (!saysUnknown(error.what()) && !hasMisleadingNode(model.graph(), model)) throw;
      model = skeleton();
      runInference(model, Contradictions::kIgnored);
    }
  } catch (const std::exception& error) {
    throwBadInput("the model contradicts itself: {}", onnxMessage(error.what()));
  }
  size_names_.clear();  // inference numbers the sizes that it names anew each time
  for (const auto* infos : {&rest_.graph().input(), &model.graph().value_info(), &model.graph().output()}) {
    for (const auto& info : *infos) learnType(info);
  }
}

}  // namespace quant
