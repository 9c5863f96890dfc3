#include <optional>

#include "graph/tensor_proto.h"
#include "passes/pass.h"

namespace quant {

namespace {

bool canHold(const onnx::TensorProto& proto) {
  return elementBits(static_cast<DataType>(proto.data_type())) > 0 &&
         proto.data_location() != onnx::TensorProto::EXTERNAL;
}

/// The tensor that a Constant node gives; nothing for strings, sparse tensors and other types without a tensor here.
std::optional<Tensor> valueOf(const Node& node) {
  if (const auto* attr = node.findAttr("value")) {
    return canHold(attr->t()) ? std::optional(tensorFromProto(attr->t())) : std::nullopt;
  }
  if (node.hasAttr("value_float")) return Tensor::scalar(node.attr("value_float", 0.0F));
  if (node.hasAttr("value_int")) return Tensor::scalar(node.attr("value_int", int64_t{0}));
  if (node.hasAttr("value_floats")) {
    const auto values = node.attr("value_floats", std::vector<float>());
    return Tensor::of<float>({std::ssize(values)}, values);
  }
  if (node.hasAttr("value_ints")) {
    const auto values = node.attr("value_ints", std::vector<int64_t>());
    return Tensor::of<int64_t>({std::ssize(values)}, values);
  }
  return {};
}

}  // namespace

//   x = Constant<value>()   becomes   the initializer x
//
// The value keeps its name, so that subgraphs may go on reading it. Graph outputs stay computed by a node: not every
// client takes an initializer for one.
int extractConstants(Graph& graph) {
  int extracted = 0;
  for (Node* node : graph.nodes()) {
    if (!node->is("Constant") || graph.isOutput(node->output())) continue;
    auto tensor = valueOf(*node);
    if (!tensor) continue;
    const std::string value = node->output();
    graph.removeNode(*node);
    graph.defineConstant(value, std::move(*tensor));
    ++extracted;
  }
  return extracted;
}

}  // namespace quant
