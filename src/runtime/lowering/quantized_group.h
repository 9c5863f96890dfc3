#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/lowering/quantized_value.h"

namespace quant {

// What the groups around operators with weights have in common.

using Names = std::vector<std::string>;

/// Appends the names of value, scale and zero point.
void append(Names& names, const QuantizedValue& value);

/// Puts `op_type` in the place of `node` and of the nodes behind it that the group swallows.
Node& replaceGroup(Graph& graph, Node& node, const std::vector<Node*>& swallowed, std::string_view domain,
                   std::string_view op_type, const Names& inputs, const std::string& output);

/// The real values of a bias: a float constant, or a dequantized int32 constant.
std::optional<Tensor> realBias(const Graph& graph, const std::string& value);

/// The name of the int32 constant that an integer operator takes as its bias; "" without bias; nothing when it cannot
/// be had.
std::optional<std::string> integerBias(Graph& graph, const std::string& value, const QuantizedValue& src,
                                       const QuantizedValue& weights);

/// True when the weights have one scale, or one for each index along `axis`.
bool isAlongAxis(const QuantizedValue& weights, int64_t axis, int64_t rank);

/// Conv or MatMul of dequantized 8-bit tensors -> + bias -> activation -> QuantizeLinear, the last three as far as they
/// are there, becomes one QConv or QMatMul: for what has no integer operator of ONNX's.
bool fuseQuantizedConv(Graph& graph, Node& node, const std::set<std::string>& watched);
bool fuseQuantizedMatMul(Graph& graph, Node& node, const std::set<std::string>& watched);

/// ConvTranspose of dequantized 8-bit tensors -> QuantizeLinear becomes QLinearConv -> DepthToSpace -> Slice.
bool fuseConvTranspose(Graph& graph, Node& node, const std::set<std::string>& watched);

/// DequantizeLinear -> functions of one number -> QuantizeLinear   becomes   Lookup(integers, table of 256 integers).
/// Returns how many it made.
int fuseLookups(Graph& graph, const std::set<std::string>& watched);

}  // namespace quant
