#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace quant {

/// A rewrite of the graph that keeps its meaning. It returns how many places it changed.
struct Pass {
  std::string_view name;
  int (*run)(Graph&);
};

/// What one pass did, over all rounds.
struct PassResult {
  std::string_view name;
  int changes = 0;
  double seconds = 0;
};

/// The passes that every mode runs before calibration, in this order.
std::span<const Pass> preparationPasses();

/// Runs `passes` in order, round after round until none of them changes anything, with shapes inferred for each and
/// the graph verified after each; then in the bodies of If, Loop and Scan. Errors name the pass.
std::vector<PassResult> runPasses(Graph& graph, std::span<const Pass> passes);

// --- the passes, one file each ------------------------------------------------------------------------------------
// Each keeps the values of all graph outputs (up to rounding), and the names of what a graph output or a subgraph
// reads.

/// Constant nodes become initializers.
int extractConstants(Graph& graph);
/// Nodes that read only constants, and sizes that are known without a run, become constants.
int foldConstants(Graph& graph);
/// Sequences whose elements are known without a run give way to the tensors that they consist of.
int lowerSequences(Graph& graph);
/// A Reshape whose target is computed from sizes of its own input gets a constant target with 0 and -1 in it.
int simplifyReshapes(Graph& graph);
/// Nodes whose result equals their input go away.
int removeIdentity(Graph& graph);
/// What a Loop hands from round to round and never changes is read from around it instead.
int captureLoopInvariants(Graph& graph);
/// Reshape after Reshape becomes one.
int mergeReshapes(Graph& graph);
/// Transpose after Transpose becomes one.
int mergeTransposes(Graph& graph);
/// Min and Max with constants become Clip.
int replaceClip(Graph& graph);
/// x * clip(x + 3, 0, 6) / 6 and its parts become HardSwish and HardSigmoid.
int replaceHardSwish(Graph& graph);
/// Pad moves into the Conv or pooling that reads it.
int foldPad(Graph& graph);
/// BatchNormalization moves into the Conv, ConvTranspose, Gemm or MatMul before it.
int foldBatchNorm(Graph& graph);
/// Mul, Div, Add, Sub by one constant for each channel move into the Conv, ConvTranspose, Gemm or MatMul before them.
int foldScaleShift(Graph& graph);
/// Nodes and constants that nobody reads go away.
int removeUnused(Graph& graph);

}  // namespace quant
