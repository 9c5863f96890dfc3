#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/quant_params.h"
#include "graph/graph.h"

namespace quant {

/// An integer tensor and the constants that say what its integers mean.
struct QuantizedValue {
  std::string value, scale, zero_point;  // names; zero_point is never empty
  QuantParams params;                    // per tensor, or with the axis of the node it was read from
};

/// What `value` dequantizes: set when a DequantizeLinear with constant 8-bit parameters produces it. May add a constant
/// for a zero point that the node leaves out.
std::optional<QuantizedValue> dequantizedFrom(Graph& graph, const std::string& value);

/// What a QuantizeLinear with constant 8-bit parameters writes.
std::optional<QuantizedValue> quantizedBy(Graph& graph, const Node& quantize);

/// Where a node's result is quantized.
struct QuantizedSink {
  QuantizedValue quantized;
  std::vector<Node*> fused;  // activations that the saturation implies, and the QuantizeLinear
};

/// Follows `value` through activations that saturation makes redundant (Relu, Clip) to a QuantizeLinear with constant
/// 8-bit parameters for the whole tensor. Nothing when anything else reads a value on the way or it is watched.
std::optional<QuantizedSink> quantizedInto(Graph& graph, const std::string& value,
                                           const std::set<std::string>& watched);

}  // namespace quant
