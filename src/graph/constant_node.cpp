#include "graph/constant_node.h"

#include "graph/tensor_proto.h"

namespace quant {

namespace {

bool canHold(const onnx::TensorProto& proto) {
  return elementBits(static_cast<DataType>(proto.data_type())) > 0 &&
         proto.data_location() != onnx::TensorProto::EXTERNAL;
}

}  // namespace

std::optional<Tensor> valueOfConstantNode(const Node& node) {
  if (!node.is("Constant")) return {};
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

}  // namespace quant
