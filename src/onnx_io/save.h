#pragma once

#include <cstdint>
#include <filesystem>

#include "graph/graph.h"

namespace quant {

struct SaveOptions {
  /// A model larger than this keeps its weights in a second file, `<name>.onnx.data`. At most protobuf's limit of 2 GB.
  uint64_t max_file_bytes = uint64_t{2'000'000'000};
};

/// Writes the model, after ONNX's checker accepted it: the same bytes for the same graph. The file appears under its
/// name only when it is complete, so `path` may be the file that the graph was loaded from.
///
/// Returns the bytes that were written, those of the second file among them. Throws (bad input) when it cannot be
/// written, (internal) when the graph is not valid ONNX.
uint64_t save(Graph graph, const std::filesystem::path& path, const SaveOptions& options = {});

}  // namespace quant
