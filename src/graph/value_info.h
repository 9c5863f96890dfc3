#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "graph/graph.h"

namespace quant {

/// Makes `info` say the name and what is known of a tensor.
void describe(onnx::ValueInfoProto& info, const std::string& name, const ValueType& value);

}  // namespace quant
