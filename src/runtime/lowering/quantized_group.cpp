#include "runtime/lowering/quantized_group.h"

namespace quant {

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

bool isAlongAxis(const QuantizedValue& weights, int64_t axis, int64_t rank) {
  return !weights.params.axis() || normalizeAxis(*weights.params.axis(), rank) == axis;
}

}  // namespace quant
