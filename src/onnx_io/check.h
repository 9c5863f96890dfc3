#pragma once

#include <onnx/onnx_pb.h>

#include "graph/graph.h"

namespace quant {

/// The newest version of ONNX's operators, and of its file format, that this program knows.
int64_t newestOpset();
int64_t newestIrVersion();

/// Versions: throws (bad input) when they are missing or contradictory, (unsupported) when they are newer than ONNX as
/// built into this program, or from before opsets.
void checkVersions(const onnx::ModelProto& model);

/// Every tensor that the model holds: shapes that exist, and just as much data as they need. Data in other files is not
/// looked at. Throws (bad input) with the tensor's name, (unsupported) for element types ONNX does not know.
void checkTensors(const onnx::ModelProto& model);

/// Bytes that a tensor of this type and shape takes as raw data. Throws like `checkTensors`; a shape must have been
/// checked before.
int64_t rawSize(const onnx::TensorProto& tensor);

/// Inputs, outputs, and each node against the definition of its operator (ONNX's checker). Operators of domains that
/// ONNX does not know pass, and so do attributes that an operator does not have. Throws (bad input) with the node's
/// name and operator.
void checkGraph(const Graph& graph);

}  // namespace quant
