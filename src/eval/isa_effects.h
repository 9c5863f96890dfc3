#pragma once

#include <string>
#include <vector>

#include "core/progress.h"
#include "dataset/dataset.h"
#include "graph/graph.h"

namespace quant {

/// What 16-bit sums of neighbouring products change in the results of one int8 layer that is given the exact inputs.
struct LayerEffect {
  std::string node;
  std::string op_type;
  double changed = 0;     ///< share of the results that are not the exact ones
  double max_change = 0;  ///< in levels of the result
  /// 10 log10(sum(x^2) / sum((x - y)^2)) in decibels of the results without their zero point; infinite when equal.
  double sqnr = 0;
};

/// How a quantized model fares on CPUs without VNNI, whose u8 x s8 kernels saturate (vpmaddubsw), when other programs
/// run it there.
struct IsaEffects {
  size_t samples = 0;
  std::vector<LayerEffect> layers;  ///< every step with constant 8-bit weights, in the graph's order
};

/// Runs the exact model over the first `count` samples, and beside it each int8 layer on kernels that saturate.
IsaEffects measureIsaEffects(const Graph& graph, const Dataset& dataset, size_t count,
                             const Progress& progress = nullptr);

}  // namespace quant
