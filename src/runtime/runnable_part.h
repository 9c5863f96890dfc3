#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "runtime/missing_operators.h"

namespace quant {

/// What of a model can be run where some of its operators cannot: all that does not depend on their results.
///
///   x -> Conv -> Softmax -> ZipMap -> y        becomes        x -> Conv -> Softmax
struct RunnablePart {
  /// Its outputs are those of the model that can be computed, then `ends`. Values and nodes have the model's names.
  Graph graph;
  /// Computed values that go into what is not run: what stands for the results that are missing.
  std::vector<std::string> ends;
  MissingOperators missing;
  /// Why each node of the model that is not in `graph` is not run, by its first output.
  std::map<std::string, std::string> reasons;

  /// "ai.onnx.ml.ZipMap-1 (node 'ZipMap') and 2 nodes behind it: what goes into them is compared instead".
  [[nodiscard]] std::string description() const;
};

/// Nothing for a graph that is to be run as it is: all of it can be run, or no part of it gives anything. An If, Loop
/// or Scan with an operator inside that cannot be run is one itself.
std::optional<RunnablePart> runnablePart(const Graph& graph);

/// The part of `other`, which was made from `model`, whose outputs stand for those of `part`, the runnable part of
/// `model`: under the same names and of the same types. What goes into the same input of the same node is the same
/// value, whatever a rewrite called it. Without `part` (all of `model` can be run) the runnable part of `other` alone.
std::optional<RunnablePart> runnablePartLike(const Graph& model, const RunnablePart* part, const Graph& other);

}  // namespace quant
