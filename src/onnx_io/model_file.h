#pragma once

#include <onnx/onnx_pb.h>

#include <filesystem>

namespace quant {

/// Parses an ONNX file of up to 2 GB (protobuf's limit). Throws (bad input) when it cannot be read, is empty, truncated
/// or something else than an ONNX model; the message names the file and says what was found.
onnx::ModelProto readModelFile(const std::filesystem::path& path);

/// Writes `model` to `path`, the same bytes for the same model. Throws (bad input) with the system's reason.
void writeModelFile(const onnx::ModelProto& model, const std::filesystem::path& path);

}  // namespace quant
