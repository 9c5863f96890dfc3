#include <algorithm>
#include <array>

#include "runtime/lowering/evaluate.h"
#include "runtime/lowering/lowering.h"
#include "runtime/lowering/quantized_group.h"

namespace quant {

namespace {

constexpr std::string_view kMicrosoft = "com.microsoft";

// --- one function for each kind of group: all is known before the graph changes ------------------------------------

bool fuseConv(Graph& graph, Node& node, const std::set<std::string>& watched) {
  const auto src = dequantizedFrom(graph, node.input(0)), weights = dequantizedFrom(graph, node.input(1));
  if (!src || !weights || src->params.axis() || !graph.isConstant(weights->value)) return false;
  if (!isAlongAxis(*weights, 0, graph.constant(weights->value)->rank())) return false;
  const auto sink = quantizedInto(graph, node.output(), watched);
  const auto bias = sink ? integerBias(graph, node.input(2), *src, *weights) : std::nullopt;
  if (!bias) return false;

  Names inputs;
  append(inputs, *src);
  append(inputs, *weights);
  inputs.insert(inputs.end(), {sink->quantized.scale, sink->quantized.zero_point});
  if (!bias->empty()) inputs.push_back(*bias);
  replaceGroup(graph, node, sink->fused, "", "QLinearConv", inputs, sink->quantized.value);
  return true;
}

bool fuseGemm(Graph& graph, Node& node, const std::set<std::string>& watched) {
  const auto src = dequantizedFrom(graph, node.input(0)), weights = dequantizedFrom(graph, node.input(1));
  if (!src || !weights || src->params.axis() || !graph.isConstant(weights->value)) return false;
  if (node.attr("alpha", 1.0F) != 1 || node.attr("beta", 1.0F) != 1) return false;
  const int64_t columns_axis = node.attr("transB", int64_t{0}) != 0 ? 0 : 1;
  if (!isAlongAxis(*weights, columns_axis, 2)) return false;
  const auto bias = integerBias(graph, node.input(2), *src, *weights);
  if (!bias) return false;

  // Without a QuantizeLinear behind it the result stays float, which QGemm can write as well.
  const auto sink = quantizedInto(graph, node.output(), watched);
  Names inputs;
  append(inputs, *src);
  append(inputs, *weights);
  inputs.push_back(*bias);
  if (sink) inputs.insert(inputs.end(), {sink->quantized.scale, sink->quantized.zero_point});
  node.removeAttr("beta");
  const std::string output = sink ? sink->quantized.value : node.output();
  replaceGroup(graph, node, sink ? sink->fused : std::vector<Node*>{}, kMicrosoft, "QGemm", inputs, output);
  return true;
}

bool fuseMatMul(Graph& graph, Node& node, const std::set<std::string>& watched) {
  const auto a = dequantizedFrom(graph, node.input(0)), b = dequantizedFrom(graph, node.input(1));
  if (!a || !b || a->params.axis()) return false;
  if (b->params.axis()) {
    const Tensor* weights = graph.constant(b->value);
    if (weights == nullptr || weights->rank() != 2 || !isAlongAxis(*b, 1, 2)) return false;
  }
  const auto sink = quantizedInto(graph, node.output(), watched);
  if (!sink) return false;
  Names inputs;
  append(inputs, *a);
  append(inputs, *b);
  inputs.insert(inputs.end(), {sink->quantized.scale, sink->quantized.zero_point});
  replaceGroup(graph, node, sink->fused, "", "QLinearMatMul", inputs, sink->quantized.value);
  return true;
}

/// The scales of A and B as one constant.
std::string productOfScales(Graph& graph, const QuantizedValue& a, const QuantizedValue& b) {
  Tensor scales(DataType::kFloat32, b.params.axis() ? Shape{std::ssize(b.params.scales())} : Shape{});
  std::ranges::transform(b.params.scales(), scales.data<float>().begin(),
                         [&](float scale) { return a.params.scale() * scale; });
  return graph.addConstant(b.scale + "_of_sums", std::move(scales));
}

/// A constant matrix, the other way around. Both are bytes.
std::string transposedBytes(Graph& graph, const std::string& matrix) {
  const Tensor& from = *graph.constant(matrix);
  const int64_t rows = from.shape()[0], columns = from.shape()[1];
  Tensor result(from.type(), {columns, rows});
  const auto* const source = static_cast<const std::byte*>(from.bytes());
  auto* const target = static_cast<std::byte*>(result.bytes());
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) target[column * rows + row] = source[row * columns + column];
  }
  return graph.addConstant(matrix + "_transposed", std::move(result));
}

//   y = MatMul(DQ(a), DQ(b))    becomes    y = Cast(MatMulInteger(a, b) [+ bias]) * (a_scale * b_scale)
//
// `turned`: b is a constant [columns, depth], as a Gemm with transB reads it.
bool splitRealProduct(Graph& graph, Node& node, const std::string& bias, bool turned = false) {
  const auto a = dequantizedFrom(graph, node.input(0)), b = dequantizedFrom(graph, node.input(1));
  if (!a || !b || a->params.axis()) return false;
  const Tensor* weights = graph.constant(b->value);
  const bool is_matrix = weights != nullptr && weights->rank() == 2;
  if ((b->params.axis() || turned) && !is_matrix) return false;
  if (b->params.axis() && !isAlongAxis(*b, turned ? 0 : 1, 2)) return false;
  const std::string y = node.output(), base = node.name().empty() ? y : node.name();
  std::string sums = graph.uniqueName(y + "_sums");
  const std::string factor = turned ? transposedBytes(graph, b->value) : b->value;
  std::vector<onnx::NodeProto> nodes = {
      makeNode("MatMulInteger", {a->value, factor, a->zero_point, b->zero_point}, {sums}, base + "_MatMulInteger")};
  if (!bias.empty()) {
    const std::string with_bias = graph.uniqueName(y + "_sums_bias");
    nodes.push_back(makeNode("Add", {sums, bias}, {with_bias}, base + "_Add"));
    sums = with_bias;
  }
  const std::string reals = graph.uniqueName(y + "_sums_float");
  nodes.push_back(makeNode("Cast", {sums}, {reals}, base + "_Cast"));
  onnx::AttributeProto* const to = nodes.back().add_attribute();
  to->set_name("to");
  to->set_type(onnx::AttributeProto::INT);
  to->set_i(onnx::TensorProto::FLOAT);
  nodes.push_back(makeNode("Mul", {reals, productOfScales(graph, *a, *b)}, {y}, base + "_Mul"));
  graph.replaceNode(node, std::move(nodes));
  return true;
}

bool splitRealGemm(Graph& graph, Node& node) {
  const bool is_plain =
      node.attr("alpha", 1.0F) == 1 && node.attr("beta", 1.0F) == 1 && node.attr("transA", int64_t{0}) == 0;
  const auto src = dequantizedFrom(graph, node.input(0)), weights = dequantizedFrom(graph, node.input(1));
  if (!is_plain || !src || !weights || src->params.axis()) return false;
  const auto bias = integerBias(graph, node.input(2), *src, *weights);
  return bias && splitRealProduct(graph, node, *bias, node.attr("transB", int64_t{0}) != 0);
}

/// The same numbers in the other type of 8 bits: 128 more, or less, in the integers and in the zero point, which is the
/// sign bit turned over.
QuantizedValue inOtherType(Graph& graph, const QuantizedValue& src) {
  const bool is_signed = src.params.storage() == DataType::kInt8;
  const DataType type = is_signed ? DataType::kUInt8 : DataType::kInt8;
  Tensor table(type, {256}), zero_point(type, {});
  auto* const bytes = static_cast<uint8_t*>(table.bytes());
  for (int i = 0; i < 256; ++i) bytes[i] = static_cast<uint8_t>(i ^ 0x80);
  *static_cast<uint8_t*>(zero_point.bytes()) = static_cast<uint8_t>(src.params.zeroPoint() ^ 0x80);
  const std::string base = src.value + "_as_" + std::string(toString(type));
  const std::string turned = graph.uniqueName(base);
  graph.addNode(makeNode("Lookup", {src.value, graph.addConstant(base + "_table", std::move(table))}, {turned}, turned,
                         kFusedDomain));
  return {turned, src.scale, graph.addConstant(base + "_zero_point", std::move(zero_point)),
          QuantParams(type, src.params.scale(), src.params.zeroPoint() + (is_signed ? 128 : -128))};
}

/// What a group of com.microsoft's operators that know one element type reads and writes.
struct SameTypeGroup {
  Names sources;  // value, scale and zero point of each
  QuantizedSink sink;
};

std::optional<SameTypeGroup> sameTypeGroup(Graph& graph, const Node& node, const std::set<std::string>& watched) {
  auto sink = quantizedInto(graph, node.output(), watched);
  if (!sink) return {};
  std::vector<QuantizedValue> sources;
  for (int i = 0; i < node.inputCount(); ++i) {
    auto src = dequantizedFrom(graph, node.input(i));
    if (!src || src->params.axis()) return {};
    sources.push_back(std::move(*src));
  }
  SameTypeGroup group{{}, std::move(*sink)};
  const DataType type = group.sink.quantized.params.storage();
  const auto hasType = [&](const QuantizedValue& src) { return src.params.storage() == type; };
  const auto isFirst = [&](const QuantizedValue& src) { return src.value == sources.front().value; };
  // The whole function of one source is better as a table (fuseLookups).
  if (std::ranges::none_of(sources, hasType) && std::ranges::all_of(sources, isFirst)) return {};
  for (const auto& src : sources) append(group.sources, hasType(src) ? src : inOtherType(graph, src));
  return group;
}

/// Operators that read (value, scale, zero point) for each source and then the result's parameters.
bool fuseElementwise(Graph& graph, Node& node, std::string_view op_type, const std::set<std::string>& watched) {
  const auto group = sameTypeGroup(graph, node, watched);
  if (!group) return false;
  const auto& [sources, sink] = *group;
  Names inputs = sources;
  inputs.insert(inputs.end(), {sink.quantized.scale, sink.quantized.zero_point});
  replaceGroup(graph, node, sink.fused, kMicrosoft, op_type, inputs, sink.quantized.value);
  return true;
}

bool fuseConcat(Graph& graph, Node& node, const std::set<std::string>& watched) {
  const auto group = sameTypeGroup(graph, node, watched);
  if (!group) return false;
  const auto& [sources, sink] = *group;
  Names inputs = {sink.quantized.scale, sink.quantized.zero_point};
  inputs.insert(inputs.end(), sources.begin(), sources.end());
  replaceGroup(graph, node, sink.fused, kMicrosoft, "QLinearConcat", inputs, sink.quantized.value);
  return true;
}

/// Integers that all mean the same are joined as they are, and dequantized behind, where others may take them.
bool moveConcat(Graph& graph, Node& node) {
  Names inputs;
  std::optional<QuantizedValue> first;
  for (int i = 0; i < node.inputCount(); ++i) {
    const auto src = dequantizedFrom(graph, node.input(i));
    if (!src || src->params.axis() || (first && src->params != first->params)) return false;
    inputs.push_back(src->value);
    if (!first) first = src;
  }
  const std::string output = node.output(), integers = graph.uniqueName(output + "_integers");
  replaceGroup(graph, node, {}, "", "Concat", inputs, integers);
  graph.addNode(makeNode("DequantizeLinear", {integers, first->scale, first->zero_point}, {output}, output));
  return true;
}

/// Operators that pick or move elements give the same integers when both sides share their parameters. Elsewhere the
/// integers are dequantized behind them, where others may take them.
bool moveIntegers(Graph& graph, Node& node, const std::set<std::string>& watched) {
  const auto src = dequantizedFrom(graph, node.input(0));
  if (!src || src->params.axis() || node.outputCount() != 1) return false;
  const auto sink = quantizedInto(graph, node.output(), watched);
  const bool keeps_parameters = sink && sink->quantized.params == src->params;
  if (!keeps_parameters && (node.is("Expand") || node.is("Tile") || node.is("Resize"))) return false;  // makes more
  const std::string output = node.output();
  const std::string integers = keeps_parameters ? sink->quantized.value : graph.uniqueName(output + "_integers");
  Names inputs(node.proto().input().begin(), node.proto().input().end());
  inputs[0] = src->value;
  replaceGroup(graph, node, keeps_parameters ? sink->fused : std::vector<Node*>{}, "", node.opType(), inputs, integers);
  if (!keeps_parameters) {
    graph.addNode(makeNode("DequantizeLinear", {integers, src->scale, src->zero_point}, {output}, output));
  }
  return true;
}

/// The shape of integers is that of their real numbers.
bool readShapeOfIntegers(Graph& graph, Node& node) {
  const auto src = dequantizedFrom(graph, node.input(0));
  if (src) graph.setInput(node, 0, src->value);
  return src.has_value();
}

/// What float operators read of a constant's integers is computed once.
void dequantizeConstants(Graph& graph) {
  for (Node* node : graph.nodes()) {
    if (!node->is("DequantizeLinear") || graph.isOutput(node->output())) continue;
    auto reals = evaluateConstant(graph, *node);
    if (!reals) continue;
    const std::string value = node->output();
    graph.removeNode(*node);
    graph.defineConstant(value, std::move(*reals));
  }
}

constexpr std::array<std::string_view, 13> kMovesElements = {
    "MaxPool", "Reshape",  "Flatten",      "Transpose",    "Squeeze", "Unsqueeze", "Slice",
    "Gather",  "Identity", "DepthToSpace", "SpaceToDepth", "Expand",  "Tile"};

/// Those of them that every runtime has for bytes.
constexpr std::array<std::string_view, 9> kMovesBytes = {"MaxPool",   "Reshape", "Flatten", "Transpose", "Squeeze",
                                                         "Unsqueeze", "Slice",   "Gather",  "Identity"};

/// A Resize that picks elements; with tf_crop_and_resize it also writes a real number outside of its source.
bool isNearestResize(const Node& node) {
  return node.is("Resize") && node.attr("mode", "nearest") == "nearest" &&
         node.attr("coordinate_transformation_mode", "") != "tf_crop_and_resize";
}

/// True where the integers behind a node that moves elements mean what those before it mean.
bool keepsParameters(Graph& graph, const Node& node) {
  const auto src = dequantizedFrom(graph, node.input(0));
  const auto sink = quantizedInto(graph, node.output(), {});
  return src && sink && src->params == sink->quantized.params;
}

bool fuseStandardGroup(Graph& graph, Node& node) {
  if (node.is("Conv")) return fuseConv(graph, node, {});
  if (node.is("MatMul")) return fuseMatMul(graph, node, {}) || splitRealProduct(graph, node, "");
  if (node.is("Gemm")) return !quantizedInto(graph, node.output(), {}) && splitRealGemm(graph, node);
  const bool moves = std::ranges::find(kMovesBytes, node.opType()) != kMovesBytes.end() && node.domain().empty();
  return moves && keepsParameters(graph, node) && moveIntegers(graph, node, {});
}

bool fuseGroup(Graph& graph, Node& node, const std::set<std::string>& watched) {
  if (!node.domain().empty()) return false;
  const std::string& op = node.opType();
  if (op == "Conv") return fuseConv(graph, node, watched) || fuseQuantizedConv(graph, node, watched);
  if (op == "ConvTranspose") return fuseConvTranspose(graph, node, watched);
  if (op == "Gemm") return fuseGemm(graph, node, watched);
  if (op == "MatMul") return fuseMatMul(graph, node, watched) || fuseQuantizedMatMul(graph, node, watched);
  if (op == "Add") return fuseElementwise(graph, node, "QLinearAdd", watched);
  if (op == "Mul") return fuseElementwise(graph, node, "QLinearMul", watched);
  if (op == "Sigmoid") return fuseElementwise(graph, node, "QLinearSigmoid", watched);
  if (op == "LeakyRelu") return fuseElementwise(graph, node, "QLinearLeakyRelu", watched);
  if (op == "GlobalAveragePool") return fuseElementwise(graph, node, "QLinearGlobalAveragePool", watched);
  if (op == "AveragePool") return fuseElementwise(graph, node, "QLinearAveragePool", watched);
  if (op == "Concat") return fuseConcat(graph, node, watched) || moveConcat(graph, node);
  if (op == "Shape") return readShapeOfIntegers(graph, node);
  if (std::ranges::find(kMovesElements, op) != kMovesElements.end() || isNearestResize(node)) {
    return moveIntegers(graph, node, watched);
  }
  return false;
}

}  // namespace

int fuseStandardGroups(Graph& graph) {
  int fused = 0;
  for (Node* node : graph.nodes()) fused += fuseStandardGroup(graph, *node) ? 1 : 0;
  if (fused > 0) graph.removeUnused();
  return fused;
}

int fuseQuantizedGroups(Graph& graph, const std::set<std::string>& watched) {
  int fused = 0;
  for (Node* node : graph.nodes()) fused += fuseGroup(graph, *node, watched) ? 1 : 0;
  fused += fuseLookups(graph, watched);
  if (fused > 0) graph.removeUnused(watched);
  dequantizeConstants(graph);
  if (fused > 0) {
    if (graph.opset(kMicrosoft) == 0) graph.setOpset(kMicrosoft, 1);
  }
  return fused;
}

}  // namespace quant
