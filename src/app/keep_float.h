#pragma once

#include <vector>

#include "app/mode.h"

namespace quant {

/// A quantized node, and how near the result stays to the float model when that node alone is quantized.
struct LossyNode {
  std::string output;  ///< the node's first one: its key
  std::string label, op_type;
  double cosine = 1;
};

/// The smallest cosine of any output; 1 when no output holds floats, 0 where it is no number.
double worstCosine(const Verification& verification);

/// What a search for them found.
struct LossSearch {
  std::vector<LossyNode> nodes;         ///< worst first
  size_t measured = 0, candidates = 0;  ///< of so many nodes so many were quantized alone
};

/// Quantizes each node that the plan treats alone, and runs the result over a few samples: those that lose a
/// part of what `min_cosine` allows that is worth a word. A node that cannot be quantized alone is passed over. Where
/// all of them would take more than some 20 seconds, those are measured around which the written model loses most.
LossSearch findLossyNodes(const ModeRun& run, const Dataset& dataset, const FloatOutputs& expected);

/// How many of `nodes` (worst first) have to stay float so that what the others lose adds up to at most 1 - `wanted`.
size_t countToKeep(const std::vector<LossyNode>& nodes, double wanted);

}  // namespace quant
