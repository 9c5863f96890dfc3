#pragma once

#include <string>

#include "graph/graph.h"

namespace quant {

/// A number that no element of `value` is below, from the operators that compute it (Relu, Clip, Sigmoid, ...);
/// minus infinity when nothing is sure.
double lowerBound(const Graph& graph, const std::string& value);

}  // namespace quant
