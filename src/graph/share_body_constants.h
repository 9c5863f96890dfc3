#pragma once

#include "graph/graph.h"

namespace quant {

/// Initializers of a kilobyte and more that several bodies of If, Loop and Scan hold, or that a body holds beside
/// `graph`, become one constant of `graph`, which the bodies read; with a DequantizeLinear, which then runs once.
/// Returns how many initializers that saves.
int shareBodyConstants(Graph& graph);

}  // namespace quant
