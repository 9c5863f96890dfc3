#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "graph/graph.h"

namespace quant {

/// Writes the elements of the initializer `name`, piece by piece; mapped pages that were written leave memory. Throws
/// (internal) when they are not `expected_bytes`.
void writeElements(const Graph& graph, const std::string& name, uint64_t expected_bytes, std::ostream& stream);

}  // namespace quant
