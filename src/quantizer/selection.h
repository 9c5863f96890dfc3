#pragma once

#include <optional>
#include <set>
#include <string>

#include "graph/graph.h"
#include "quantizer/options.h"

namespace quant {

/// Answers for each node whether the user wants it left out, and by which option.
class Selection {
 public:
  /// Throws (bad input) when a pattern matches no node, with the nearest names.
  Selection(const Graph& graph, const NodeSelection& wanted);

  /// Why `node` is left out ("excluded by --exclude-node 'stem*'"); nothing when it is not.
  [[nodiscard]] std::optional<std::string> excludes(const Node& node) const;

 private:
  const NodeSelection& wanted_;
  std::set<const Node*> first_, last_;
};

/// True for Conv, ConvTranspose, Gemm and MatMul.
bool hasWeights(const Node& node);

}  // namespace quant
