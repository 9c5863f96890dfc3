#include "runtime/lowering/quantized_value.h"

#include <algorithm>
#include <cmath>

#include "graph/clamp.h"

namespace quant {

namespace {

std::vector<int32_t> asInts(const Tensor& tensor) {
  if (tensor.type() == DataType::kUInt8) {
    const auto data = tensor.data<uint8_t>();
    return {data.begin(), data.end()};
  }
  const auto data = tensor.data<int8_t>();
  return {data.begin(), data.end()};
}

bool is8Bit(DataType type) { return type == DataType::kUInt8 || type == DataType::kInt8; }

bool allUsable(std::span<const float> scales) {
  return !scales.empty() && std::ranges::all_of(scales, [](float s) { return std::isfinite(s) && s > 0; });
}

/// The zero point's constant: the node's own, or zeros of `type` beside its scale.
std::string zeroPointName(Graph& graph, const Node& node, DataType type, const Tensor& scale) {
  if (node.hasInput(2)) return node.input(2);
  Tensor zeros(type, scale.shape());
  std::fill_n(static_cast<std::byte*>(zeros.bytes()), zeros.byteSize(), std::byte{0});
  return graph.addConstant(node.input(1) + "_zero_point", std::move(zeros));
}

/// The parameters of a QuantizeLinear or DequantizeLinear whose integers are the value `integers`.
std::optional<QuantizedValue> parametersOf(Graph& graph, const Node& node, const std::string& integers,
                                           DataType default_type) {
  const Tensor* scale = graph.constant(node.input(1));
  if (scale == nullptr || scale->type() != DataType::kFloat32 || scale->rank() > 1) return {};
  if (node.attr("block_size", int64_t{0}) != 0 || !allUsable(scale->data<float>())) return {};
  if (node.hasInput(2) && !graph.isConstant(node.input(2))) return {};
  const DataType type = node.hasInput(2) ? graph.constant(node.input(2))->type() : default_type;
  if (!is8Bit(type)) return {};

  const std::string zero_point = zeroPointName(graph, node, type, *scale);
  const auto scales = scale->data<float>();
  const auto zero_points = asInts(*graph.constant(zero_point));
  if (zero_points.size() != scales.size()) return {};
  const QuantParams params = scale->elementCount() == 1 ? QuantParams(type, scales[0], zero_points[0])
                                                        : QuantParams(type, {scales.begin(), scales.end()}, zero_points,
                                                                      node.attr("axis", int64_t{1}));
  return QuantizedValue{integers, node.input(1), zero_point, params};
}

/// The integer type of `value` as far as the graph tells: a constant's, or that of the zero point or `output_dtype`
/// with which a QuantizeLinear makes it.
DataType integerType(const Graph& graph, const std::string& value);

/// What QuantizeLinear writes: its zero point's type, else what `output_dtype` (opset 21) says, else uint8.
DataType quantizedType(const Graph& graph, const Node& quantize) {
  if (quantize.hasInput(2)) return integerType(graph, quantize.input(2));
  const int64_t wanted = quantize.attr("output_dtype", int64_t{0});
  return wanted == 0 ? DataType::kUInt8 : static_cast<DataType>(wanted);
}

DataType integerType(const Graph& graph, const std::string& value) {
  if (const auto* proto = graph.constantProto(value)) return static_cast<DataType>(proto->data_type());
  const Node* node = graph.producer(value);
  if (node != nullptr && node->is("QuantizeLinear")) return quantizedType(graph, *node);
  const auto declared = graph.valueType(value);
  return declared ? declared->type : DataType::kUndefined;
}

}  // namespace

std::optional<QuantizedValue> dequantizedFrom(Graph& graph, const std::string& value) {
  const Node* node = graph.producer(value);
  if (node == nullptr || !node->is("DequantizeLinear")) return {};
  const int64_t result = node->attr("output_dtype", int64_t{0});
  if (result != 0 && static_cast<DataType>(result) != DataType::kFloat32) return {};
  return parametersOf(graph, *node, node->input(0), integerType(graph, node->input(0)));
}

std::optional<QuantizedValue> quantizedBy(Graph& graph, const Node& quantize) {
  return parametersOf(graph, quantize, quantize.output(), quantizedType(graph, quantize));
}

std::optional<QuantizedSink> quantizedInto(Graph& graph, const std::string& value,
                                           const std::set<std::string>& watched) {
  QuantizedSink sink{{"", "", "", QuantParams(DataType::kUInt8, 1, 0)}, {}};
  std::vector<Range> clamps;
  std::string current = value;
  while (graph.hasSingleUse(current) && !watched.contains(current)) {
    Node* reader = graph.consumers(current).front();
    sink.fused.push_back(reader);
    if (reader->is("QuantizeLinear") && reader->input(0) == current) {
      auto quantized = quantizedBy(graph, *reader);
      if (!quantized || quantized->params.axis()) return {};
      for (const Range& clamp : clamps) {
        if (!impliedBySaturation(clamp, quantized->params)) return {};
      }
      sink.quantized = std::move(*quantized);
      return sink;
    }
    const auto clamp = clampOf(graph, *reader);
    if (!clamp || reader->input(0) != current) return {};
    clamps.push_back(*clamp);
    current = reader->output();
  }
  return {};
}

}  // namespace quant
