#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantizer/options.h"

namespace quant {

/// What happens to a node.
enum class Treatment {
  kInt8,      ///< computes on 8-bit integers
  kMoves,     ///< moves 8-bit integers: its result shares its source's parameters
  kDynamic,   ///< computes on 8-bit integers that its activation becomes while the model runs
  kAbsorbed,  ///< an activation that the saturation of its producer's result replaces
  kHalf,      ///< computes in 16-bit floating point
  kWeights,   ///< computes in float, with weights that are stored in few bits
  kFloat,     ///< stays as it is
};

/// One node's row in the plan.
struct NodePlacement {
  std::string output;  ///< the node's first output: its key, as names may be missing
  std::string label, op_type;
  Treatment treatment = Treatment::kFloat;
  std::string reason;
};

/// The key of a node's row: its first output that has a name (an LSTM may leave out its sequence).
const std::string& keyOf(const Node& node);

/// Which values are quantized and which nodes compute on them, before any number is known.
struct Placement {
  std::vector<NodePlacement> nodes;  ///< in topological order
  /// Values to be quantized, each with the value whose range and parameters it uses (often itself).
  std::map<std::string, std::string> values;
  /// Weights to be quantized: node (by first output) -> index of the input that holds them.
  std::map<std::string, int> weights;

  [[nodiscard]] const NodePlacement& node(const std::string& output) const;
};

/// Decides where int8 goes, in a way that oneDNN, onnxruntime and OpenVINO all run in int8:
/// - Conv, ConvTranspose, Gemm, MatMul with constant weights (MatMul also with two activations): each activation that
///   they read, and their result, is quantized once;
/// - Add, Mul, Concat, average pools and the like, when all they read is int8 already, so that no island arises;
/// - operators that only move elements share the parameters of their source;
/// - Relu and Clip behind an int8 operator disappear into the saturation of its result.
/// Throws (bad input) when a node or operator name in the selection matches nothing.
Placement place(const Graph& graph, const Int8Options& options);

/// The values whose ranges must be calibrated.
std::set<std::string> watchList(const Placement& placement);

}  // namespace quant
