#pragma once

#include <map>
#include <string>
#include <vector>

#include "calibration/range_table.h"
#include "graph/graph.h"
#include "quantizer/float_network.h"
#include "quantizer/options.h"

namespace quant {

/// How a model becomes one of half precision.
struct HalfOptions {
  DataType type = DataType::kFloat16;  ///< or kBFloat16
  bool keep_io_types = true;           ///< the model's inputs and outputs stay float32
  NodeSelection selection = {};
};

/// What must stay in float32. Everything else may become half.
struct HalfVerdict {
  std::vector<std::string> reasons;  ///< for each actor of the network; empty where half precision does
  std::vector<std::string> notes;    ///< for each actor: what is worth saying though it becomes half
  std::vector<std::string> warnings;
};

/// Decides it from
/// - ONNX's definitions: which operators take the type at all;
/// - constants: weights that the type cannot hold are never clamped;
/// - `ranges`, where samples were run (else null): values beyond the type's range or too small for it, sums that would
///   overflow. Without them a table of operators that are known to be delicate decides;
/// - what is always too coarse in 16 bits: positions and sizes, angles, coordinates;
/// - `known`, by an actor's key: nodes that were seen to fail.
HalfVerdict judgeHalf(const FloatNetwork& network, const Graph& graph, const RangeTable* ranges,
                      const HalfOptions& options, const std::map<std::string, std::string>& known = {});

}  // namespace quant
