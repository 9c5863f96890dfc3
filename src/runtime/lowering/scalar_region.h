#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace quant {

/// Nodes that compute each element of their result from the element of one value at the same place, and nothing else
/// but constants of one element. Nothing outside reads what is between.
struct ScalarRegion {
  std::string source;        ///< the value
  std::vector<Node*> nodes;  ///< in topological order; the last one gives the result

  [[nodiscard]] const std::string& result() const { return nodes.back()->output(); }
  /// The result for the elements of `src`, by the reference kernels.
  [[nodiscard]] Tensor evaluate(const Graph& graph, const Tensor& src) const;
};

/// Grows a region backwards from `last` over nodes that `allows` names, and gives the first one that `accepts`.
/// Nothing when there is none, or a value between is in `watched`.
std::optional<ScalarRegion> findScalarRegion(Graph& graph, Node& last, const std::set<std::string>& watched,
                                             const std::function<bool(const Node&)>& allows,
                                             const std::function<bool(const ScalarRegion&)>& accepts);

}  // namespace quant
