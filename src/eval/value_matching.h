#pragma once

#include <set>
#include <string>
#include <vector>

#include "eval/network.h"
#include "graph/graph.h"

namespace quant {

/// One value of the baseline and the value of the other model that stands for it.
struct MatchedValue {
  RealValue baseline, actual;
};

/// Where two networks have values in common.
struct MatchedNetworks {
  std::vector<MatchedValue> values;  ///< in the order in which the baseline computes them
  /// Values of the baseline that the other model computes inside a step: they do not exist when it runs.
  std::vector<std::string> inside_steps;
  std::vector<std::string> only_baseline, only_other;  ///< values without a counterpart, in their models' order
};

/// Which values of `graph` stand for which of `baseline`: both compute the same network, `graph` perhaps quantized,
/// converted or fused. `running` holds the values that exist when `graph` runs; only these are matched.
///
/// Values are matched by what computes them. Both graphs are followed from their inputs; QuantizeLinear,
/// DequantizeLinear, float casts and Identity are looked through, integer operators count as the operator that they
/// compute (QLinearConv as Conv), and a node of the baseline is the node of `graph` that does the same to the values
/// that stand for its inputs. Where several do, weights and names decide. Activations and no-ops that `graph` lacks
/// were absorbed by the saturation behind their input. Names alone count only where that path breaks off, and then only
/// equal names of nodes' results with equal operators.
MatchedNetworks matchNetworks(const Graph& baseline, const Graph& graph, const std::set<std::string>& running);

/// Only the values that match.
std::vector<MatchedValue> matchValues(const Graph& baseline, const Graph& graph, const std::set<std::string>& running);

}  // namespace quant
