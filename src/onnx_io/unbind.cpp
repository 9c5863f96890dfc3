#include "onnx_io/unbind.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <string>

#include "graph/subgraphs.h"

namespace quant {

namespace {

/// A scalar of type int64 that is 1.
bool isOne(const onnx::TensorProto& tensor) {
  if (tensor.data_type() != onnx::TensorProto::INT64 || tensor.dims_size() != 0) return false;
  if (tensor.int64_data_size() == 1) return tensor.int64_data(0) == 1;
  int64_t value = 0;
  if (tensor.raw_data().size() != sizeof(value)) return false;
  std::memcpy(&value, tensor.raw_data().data(), sizeof(value));
  return value == 1;
}

bool givesOne(const onnx::NodeProto& node) {
  if (node.op_type() != "Constant" || node.output_size() != 1 || node.attribute_size() != 1) return false;
  const onnx::AttributeProto& attribute = node.attribute(0);
  return (attribute.name() == "value" && isOne(attribute.t())) ||
         (attribute.name() == "value_int" && attribute.i() == 1);
}

bool dropsAxis(const onnx::NodeProto& node) {
  return std::ranges::any_of(node.attribute(), [](const onnx::AttributeProto& attribute) {
    return attribute.name() == "keepdims" && attribute.i() == 0;
  });
}

/// `ones` holds the names around `graph` that stand for the number 1.
void dropSizes(onnx::GraphProto& graph, std::set<std::string> ones) {
  for (const auto& tensor : graph.initializer()) {
    if (isOne(tensor)) ones.insert(tensor.name());
  }
  for (auto& node : *graph.mutable_node()) {
    if (givesOne(node)) ones.insert(node.output(0));
    const bool is_unbind = node.op_type() == "SplitToSequence" && node.domain().empty() && node.input_size() == 2;
    if (is_unbind && ones.contains(node.input(1)) && dropsAxis(node)) node.mutable_input()->RemoveLast();
    forEachSubgraph(node, [&](onnx::GraphProto& body) { dropSizes(body, ones); });
  }
}

}  // namespace

void dropSizesOfUnbind(onnx::ModelProto& model) { dropSizes(*model.mutable_graph(), {}); }

}  // namespace quant
