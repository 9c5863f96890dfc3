#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/data_type.h"

namespace quant {

/// What a float32 value may become where a node reads or writes it.
enum class HalfPort {
  kFollows,  ///< half when the node computes in half precision, else float32
  kAny,      ///< either, whatever the node does: Shape, the input of Cast
  kFloat32,  ///< float32 always: the operator takes nothing else here, or half would be too coarse (scales of Resize)
};

/// The ports of one node, and whether its operator exists in half precision at all.
struct HalfPorts {
  std::vector<HalfPort> inputs, outputs;
  std::string obstacle;  ///< why the node must stay in float32; empty when it need not
};

/// What ONNX's definition of the operator says for version `opset` of its domain. Nodes with bodies (If, Loop, Scan)
/// are looked at value by value elsewhere; here their ports follow.
HalfPorts halfPortsOf(const onnx::NodeProto& node, int64_t opset, DataType half);

/// The first version of ONNX's operators, from `opset` on, in which `op_type` (of ONNX's own domain) takes `half` in
/// all the places where the newest does; `opset` when a later one changes nothing.
int64_t opsetForHalf(const std::string& op_type, int64_t opset, DataType half);

}  // namespace quant
