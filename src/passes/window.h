#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.h"

namespace quant {

/// How a Conv or a pooling operator slides over its input: for each spatial axis.
struct Window {
  std::vector<int64_t> size, strides, dilations;
  std::vector<int64_t> begin, end;  ///< its own padding
};

/// The window of a Conv, AveragePool or MaxPool, with auto_pad resolved; nothing when its size is unknown, or when
/// auto_pad depends on sizes that only a run knows. Needs inferred shapes.
std::optional<Window> windowOf(const Graph& graph, const Node& node);

}  // namespace quant
