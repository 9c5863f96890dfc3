#include "runtime/lowering/quantized_group.h"

#include <cmath>
#include <limits>

namespace quant {

namespace {

/// Rounds a real bias to int32 in the accumulator's units scale_x * scale_w. Nothing where it would not fit.
std::optional<Tensor> quantizeBias(const Tensor& bias, const QuantParams& src, const QuantParams& weights) {
  const auto values = bias.data<float>();
  Tensor result(DataType::kInt32, bias.shape());
  for (size_t i = 0; i < values.size(); ++i) {
    const float weight_scale = weights.scales()[weights.axis() ? i : 0];
    const double units = std::nearbyint(values[i] / (static_cast<double>(src.scale()) * weight_scale));
    if (!(std::abs(units) <= std::numeric_limits<int32_t>::max())) return {};
    result.data<int32_t>()[i] = static_cast<int32_t>(units);
  }
  return result;
}

}  // namespace

void append(Names& names, const QuantizedValue& value) {
  names.insert(names.end(), {value.value, value.scale, value.zero_point});
}

Node& replaceGroup(Graph& graph, Node& node, const std::vector<Node*>& swallowed, std::string_view domain,
                   std::string_view op_type, const Names& inputs, const std::string& output) {
  onnx::NodeProto fused = makeNode(op_type, inputs, {output}, node.name(), domain);
  *fused.mutable_attribute() = node.proto().attribute();
  for (Node* other : swallowed) graph.removeNode(*other);
  graph.removeNode(node);
  return graph.addNode(std::move(fused));
}

std::optional<Tensor> realBias(const Graph& graph, const std::string& value) {
  if (const Tensor* constant = graph.constant(value)) {
    return constant->type() == DataType::kFloat32 ? std::optional(constant->alias()) : std::nullopt;
  }
  const Node* node = graph.producer(value);
  if (node == nullptr || !node->is("DequantizeLinear")) return {};
  const Tensor* integers = graph.constant(node->input(0));
  const Tensor* scale = graph.constant(node->input(1));
  if (integers == nullptr || scale == nullptr || integers->type() != DataType::kInt32 ||
      scale->type() != DataType::kFloat32 || integers->rank() != 1) {
    return {};
  }
  const auto scales = scale->data<float>();
  if (scales.size() != 1 && scales.size() != integers->data<int32_t>().size()) return {};
  Tensor real(DataType::kFloat32, integers->shape());
  for (size_t i = 0; i < real.data<float>().size(); ++i) {
    real.data<float>()[i] =
        static_cast<float>(static_cast<double>(integers->data<int32_t>()[i]) * scales[scales.size() == 1 ? 0 : i]);
  }
  return real;
}

std::optional<std::string> integerBias(Graph& graph, const std::string& value, const QuantizedValue& src,
                                       const QuantizedValue& weights) {
  if (value.empty()) return "";
  const auto real = realBias(graph, value);
  if (!real || real->rank() != 1) return {};
  if (weights.params.axis() && weights.params.scales().size() != real->data<float>().size()) return {};
  auto quantized = quantizeBias(*real, src.params, weights.params);
  if (!quantized) return {};
  return graph.addConstant(value + "_int32", std::move(*quantized));
}

bool isAlongAxis(const QuantizedValue& weights, int64_t axis, int64_t rank) {
  return !weights.params.axis() || normalizeAxis(*weights.params.axis(), rank) == axis;
}

}  // namespace quant
