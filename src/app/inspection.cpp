#include "app/inspection.h"

#include <algorithm>
#include <array>
#include <set>

#include "app/layer_precision.h"
#include "core/error.h"
#include "passes/pass.h"
#include "runtime/macs.h"

namespace quant {

namespace {

int64_t elementsOf(const onnx::TensorProto& tensor) {
  int64_t elements = 1;
  for (const int64_t size : tensor.dims()) elements *= size;
  return elements;
}

Shape shapeOf(const onnx::TensorProto& tensor) { return {tensor.dims().begin(), tensor.dims().end()}; }

PortInfo portOf(const Graph& graph, const std::string& name) {
  const ValueType type = graph.valueType(name).value_or(ValueType{});
  PortInfo port{name, type.type, type.shape, {}};
  for (size_t axis = 0; type.shape && axis < type.shape->size(); ++axis) {
    const int64_t size = (*type.shape)[axis];
    const std::string size_name = graph.sizeName(name, static_cast<int64_t>(axis));
    port.sizes.push_back(size >= 0 ? fmt::format("{}", size) : size_name.empty() ? "?" : size_name);
  }
  return port;
}

/// A model that contradicts itself is shown as far as its file goes.
void inferTypes(Graph& graph) {
  try {
    graph.inferShapes();
  } catch (const Error&) {
    return;
  }
}

std::vector<PortInfo> portsOf(const Graph& graph, const std::vector<std::string>& names) {
  std::vector<PortInfo> ports;
  for (const std::string& name : names) ports.push_back(portOf(graph, name));
  return ports;
}

// --- sizes that only a run can tell -------------------------------------------------------------------------------

/// The sizes of `port` as numbers; what was assumed goes into `assumed`.
Shape assumedShape(const PortInfo& port, const std::map<std::string, int64_t>& wanted,
                   std::map<std::string, int64_t>& assumed) {
  Shape shape = port.shape.value();
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] >= 0) continue;
    const std::string& name = port.sizes[axis];
    const auto found = wanted.find(name);
    shape[axis] = found == wanted.end() ? 1 : found->second;
    assumed[name] = shape[axis];
  }
  return shape;
}

void requireKnownSizes(const std::map<std::string, int64_t>& wanted, const std::map<std::string, int64_t>& assumed) {
  std::vector<std::string> names;
  for (const auto& [name, size] : assumed) names.push_back(name);
  for (const auto& [name, size] : wanted) {
    if (assumed.contains(name)) continue;
    throwBadInput("no input has a size '{}' that only a run can tell; such sizes: {}", name,
                  names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
  }
}

void setSizes(onnx::ValueInfoProto& info, const Shape& shape) {
  auto& dims = *info.mutable_type()->mutable_tensor_type()->mutable_shape();
  for (int axis = 0; axis < dims.dim_size(); ++axis)
    dims.mutable_dim(axis)->set_dim_value(shape[static_cast<size_t>(axis)]);
}

/// The graph with the shapes that these sizes give; values keep their names. Only to ask for shapes: what the sizes
/// make constant is folded, and computed weights are too.
Graph sized(const Graph& graph, Inspection& inspection, const std::map<std::string, int64_t>& wanted) {
  Graph copy = graph.clone();
  auto& declared = *copy.rest().mutable_graph();
  for (const PortInfo& input : inspection.inputs) {
    if (!input.shape) continue;
    const Shape shape = assumedShape(input, wanted, inspection.sizes);
    for (auto& info : *declared.mutable_input()) {
      if (info.name() == input.name) setSizes(info, shape);
    }
  }
  requireKnownSizes(wanted, inspection.sizes);
  // What a file says of its outputs may be wrong for any size but one.
  for (auto& info : *declared.mutable_output()) info.mutable_type()->mutable_tensor_type()->clear_shape();
  constexpr std::array kFolding = {Pass{"fold-constants", foldConstants}};
  try {
    runPasses(copy, kFolding);
  } catch (const Error&) {
    return graph.clone();
  }
  return copy;
}

// --- layers -------------------------------------------------------------------------------------------------------

/// The shape of what a node reads or writes; nothing when a size is unknown.
std::optional<Shape> knownShape(const Graph& graph, const std::string& value) {
  if (const auto* constant = graph.constantProto(value)) return shapeOf(*constant);
  const auto type = graph.valueType(value);
  return type && type->isStatic() ? type->shape : std::nullopt;
}

/// Where the weights of a node, if it has any, stand among its inputs.
int weightsPlace(const Node& node) {
  const int place = weightsInput(node);
  return place < node.inputCount() ? place : -1;
}

std::optional<int64_t> macsOfNode(const Graph& sizes, const Node& node) {
  const int place = weightsPlace(node);
  if (place < 0) return 0;
  const auto src = knownShape(sizes, node.input(0)), weights = knownShape(sizes, node.input(place)),
             dst = knownShape(sizes, node.output());
  if (!src || !weights || !dst) return std::nullopt;
  return macsOf(node, *src, *weights, *dst).total;
}

/// Floats, 8-bit and narrower integers, and int32 that a DequantizeLinear reads: not single numbers, shapes, indices,
/// scales and zero points.
bool isWeight(const Graph& graph, const std::string& constant) {
  const auto* proto = graph.constantProto(constant);
  const auto type = static_cast<DataType>(proto->data_type());
  if (elementsOf(*proto) <= 1) return false;
  const auto readers = graph.consumers(constant);
  const auto scales = [&](const Node* node) {
    if (node->opType() == "Resize" || node->opType() == "Upsample") return true;
    const bool is_linear = node->opType() == "DequantizeLinear" || node->opType() == "QuantizeLinear";
    const bool is_qlinear = node->opType().starts_with("QLinear");
    return (is_linear && node->input(0) != constant) ||
           (is_qlinear && proto->dims_size() <= 1 && type != DataType::kInt32);
  };
  if (!readers.empty() && std::ranges::all_of(readers, scales)) return false;
  const int bits = elementBits(type);
  if (isFloatingPoint(type) || (bits > 0 && bits <= 8 && type != DataType::kBool)) return true;
  return type == DataType::kInt32 && std::ranges::any_of(readers, [](const Node* node) {
           return node->opType() == "DequantizeLinear" || node->opType().starts_with("QLinear");
         });
}

/// True for a node that only hands weights on.
bool isBetween(const Graph& graph, const Node& node) { return !constantBehind(graph, node.output()).empty(); }

/// `sizes`: the same graph with known shapes.
LayerInfo layerOf(const Graph& graph, const Graph& sizes, const Node& node) {
  LayerInfo layer{node.label(), node.opType(), "", {}, 0, macsOfNode(sizes, node)};
  std::set<std::string> seen;
  for (int i = 0; i < node.inputCount(); ++i) {
    const std::string constant = constantBehind(graph, node.input(i));
    if (constant.empty() || !isWeight(graph, constant) || !seen.insert(constant).second) continue;
    layer.parameters += elementsOf(*graph.constantProto(constant));
  }
  if (const int place = weightsPlace(node); place >= 0) {
    layer.weights = knownShape(sizes, node.input(place)).value_or(Shape{});
  }
  layer.precision = layerPrecision(graph, node);
  return layer;
}

std::vector<LayerInfo> layersOf(const Graph& graph, const Graph& sizes) {
  std::vector<LayerInfo> layers;
  for (const Node* node : graph.nodes()) {
    if (isBetween(graph, *node)) continue;
    LayerInfo layer = layerOf(graph, sizes, *node);
    const bool multiplies = weightsPlace(*node) >= 0;
    if (multiplies || layer.parameters > 0) layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace

Inspection inspect(const Graph& original, const std::map<std::string, int64_t>& sizes) {
  Graph graph = original.clone();
  extractConstants(graph);
  Inspection result;
  result.opset = graph.opset();
  const onnx::ModelProto& rest = graph.rest();
  result.ir_version = rest.ir_version();
  result.producer = rest.producer_name();
  if (!rest.producer_version().empty()) result.producer += " " + rest.producer_version();
  for (const auto& entry : rest.metadata_props()) result.metadata[entry.key()] = entry.value();
  result.inputs = portsOf(graph, graph.inputs());
  result.outputs = portsOf(graph, graph.outputs());
  for (const Node* node : graph.nodes()) {
    if (!node->domain().empty()) result.other_opsets[std::string(node->domain())] = graph.opset(node->domain());
    ++result.operators[node->domain().empty() ? node->opType() : fmt::format("{}.{}", node->domain(), node->opType())];
  }
  for (const std::string& name : graph.constants()) {
    const auto& proto = *graph.constantProto(name);
    const auto type = static_cast<DataType>(proto.data_type());
    ConstantsInfo& constants = result.constants[type];
    ++constants.count;
    constants.elements += elementsOf(proto);
    constants.bytes += storageBytes(type, elementsOf(proto));
    if (isWeight(graph, name)) result.parameters += elementsOf(proto);
  }
  const Graph shapes = sized(graph, result, sizes);
  inferTypes(graph);
  result.layers = layersOf(graph, shapes);
  return result;
}

}  // namespace quant
