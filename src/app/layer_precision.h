#pragma once

#include <string>

#include "graph/graph.h"

namespace quant {

/// The constant that `value` comes from by way of nodes that only change how its elements are stored or lie
/// (DequantizeLinear, Cast, Transpose, ...); empty when it comes from something else.
std::string constantBehind(const Graph& graph, std::string value);

/// What a node with weights, or a product of two computed matrices, computes with, as a model's file says it:
/// - "float", "float16": the type of its operands;
/// - "int8": both operands are integers, or are dequantized from such right before;
/// - "int8, dynamic": operands become integers while the model runs;
/// - "int4 weights": only the weights are small, and become floats before they are used.
std::string layerPrecision(const Graph& graph, const Node& node);

}  // namespace quant
