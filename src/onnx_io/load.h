#pragma once

#include <cstdint>
#include <filesystem>

#include "graph/graph.h"

namespace quant {

struct LoadOptions {
  /// Raise the model to this version of ONNX's operators when it uses an older one; 0 leaves it at its own.
  int64_t min_opset = 0;
  /// Put the model's own functions in place of the nodes that call them, so that every stage sees what they compute.
  bool inline_functions = true;
};

/// Reads an ONNX model of any opset from 9 to the newest that ONNX knows (older ones are raised to 9), with its
/// external data mapped and its shapes inferred. The file is not trusted: it is checked here, once, so that later
/// stages need not. What this program does not understand is kept: metadata, unknown attributes, other domains.
///
/// Throws one line that names the file, and the node or tensor where there is one: (bad input) for files that are
/// missing, truncated, not ONNX, cyclic, dangling, wrongly typed or that lie about shapes; (unsupported) for versions
/// that are newer than ONNX's, or that cannot be raised.
Graph load(const std::filesystem::path& path, const LoadOptions& options = {});

}  // namespace quant
