#pragma once

#include "graph/graph.h"

namespace quant {

/// Sparse initializers of a loaded model become plain ones: no kernel reads them otherwise, and weights that are
/// quantized are not sparse any more. Throws (unsupported) when one would be too large.
void densifyInitializers(Graph& graph);

}  // namespace quant
