#include "app/layer_precision.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <string_view>

#include "runtime/macs.h"

namespace quant {

namespace {

bool isOneOf(const Node& node, std::initializer_list<std::string_view> ops) {
  return std::ranges::find(ops, std::string_view(node.opType())) != ops.end();
}

bool changesOnlyStorage(const Node& node) {
  return isOneOf(node, {"DequantizeLinear", "QuantizeLinear", "Cast", "CastLike", "Transpose", "Reshape", "Identity",
                        "Unsqueeze", "Squeeze", "Flatten"});
}

DataType typeOf(const Graph& graph, const std::string& value) {
  if (const auto* constant = graph.constantProto(value)) return static_cast<DataType>(constant->data_type());
  const auto type = graph.valueType(value);
  return type ? type->type : DataType::kUndefined;
}

bool isSmallInteger(DataType type) {
  const int bits = elementBits(type);
  return bits > 0 && bits <= 8 && !isFloatingPoint(type) && type != DataType::kBool;
}

/// The type in which `value` is stored before a DequantizeLinear makes floats of it; undefined where none does.
DataType dequantizedFrom(const Graph& graph, std::string value) {
  for (const Node* node = graph.producer(value); node != nullptr && changesOnlyStorage(*node);
       node = graph.producer(value)) {
    value = node->input(0);
    if (node->opType() == "DequantizeLinear") return typeOf(graph, value);
  }
  return DataType::kUndefined;
}

/// "int8 weights" of MatMulNBits and its like, whose attribute says the bits.
std::string blockPrecision(const Node& node) { return fmt::format("int{} weights", node.attr("bits", int64_t{4})); }

}  // namespace

std::string constantBehind(const Graph& graph, std::string value) {
  while (!value.empty() && !graph.isConstant(value)) {
    const Node* node = graph.producer(value);
    if (node == nullptr || !changesOnlyStorage(*node)) return {};
    value = node->input(0);
  }
  return value;
}

std::string layerPrecision(const Graph& graph, const Node& node) {
  if (isOneOf(node, {"ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat",
                     "DynamicQuantizeLSTM"})) {
    return "int8, dynamic";
  }
  if (isOneOf(node, {"MatMulNBits", "MatMulBnb4", "GatherBlockQuantized"})) return blockPrecision(node);
  const int weights = std::max(weightsInput(node), 1);
  if (weights >= node.inputCount()) return std::string(toString(typeOf(graph, node.input(0))));
  if (weights == 3) return std::string(toString(typeOf(graph, node.input(3))));  // QLinearConv and its like
  const DataType stored = dequantizedFrom(graph, node.input(weights));
  if (stored == DataType::kUndefined) return std::string(toString(typeOf(graph, node.input(0))));
  const bool on_integers = isSmallInteger(stored) && isSmallInteger(dequantizedFrom(graph, node.input(0)));
  const std::string name(toString(stored));
  return on_integers ? name : name + " weights";
}

}  // namespace quant
