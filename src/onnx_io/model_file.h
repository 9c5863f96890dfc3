#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <filesystem>

#include "graph/graph.h"

namespace quant {

/// Protobuf's limit for one message.
inline constexpr uint64_t kModelFileLimit = 0x7FFFFFFF;

/// Parses an ONNX file of up to 2 GB (protobuf's limit). Throws (bad input) when it cannot be read, is empty, truncated
/// or something else than an ONNX model; the message names the file and says what was found.
onnx::ModelProto readModelFile(const std::filesystem::path& path);

/// Writes the model with its initializers one after the other, so that derived ones need memory for one at a time. The
/// same bytes for the same graph: those that protobuf would write. Throws (bad input) with the system's reason,
/// (unsupported) when the file would pass 2 GB.
void writeModelFile(Graph graph, const std::filesystem::path& path);

}  // namespace quant
