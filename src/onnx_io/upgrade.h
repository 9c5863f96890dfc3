#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace quant {

/// Raises the model to at least version `opset` of ONNX's operators, and its ir_version to what that needs. Computes
/// the same as before; does nothing to a model that is new enough.
///
/// ONNX's version converter works on a form that loses names, metadata, functions and unknown domains. So it gets one
/// node at a time, and only nodes whose operator changed; everything else stays as the file has it. Bodies of If, Loop
/// and Scan and the model's own functions are raised too. Throws (unsupported) with the node that cannot be raised.
void upgradeOpset(Graph& graph, int64_t opset);

/// Raises the model's own functions, where they import older operators than the model, to what it imports.
void upgradeFunctions(Graph& graph);

/// The format version that came with an opset (ONNX's table of releases).
int64_t irVersionFor(int64_t opset);

/// Raises ir_version. From 4 on an initializer that is declared as an input is a default that a caller may override; as
/// it was a constant before, its declaration goes.
void raiseIrVersion(Graph& graph, int64_t ir_version);

}  // namespace quant
