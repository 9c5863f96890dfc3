#include "passes/pass.h"

#include <spdlog/spdlog.h>

#include <chrono>

#include "core/error.h"
#include "graph/body.h"

namespace quant {

namespace {

constexpr Pass kPreparation[] = {
    {"extract-constants", extractConstants},
    {"fold-constants", foldConstants},
    {"lower-sequences", lowerSequences},
    {"simplify-reshapes", simplifyReshapes},
    {"remove-identity", removeIdentity},
    {"capture-loop-invariants", captureLoopInvariants},
    {"merge-reshapes", mergeReshapes},
    {"merge-transposes", mergeTransposes},
    {"replace-clip", replaceClip},
    {"replace-hard-swish", replaceHardSwish},
    {"fold-pad", foldPad},
    {"fold-batch-norm", foldBatchNorm},
    {"fold-scale-shift", foldScaleShift},
    {"remove-unused", removeUnused},
};

/// Every pass makes the graph smaller or simpler, so that a fixed point comes after a few rounds. The graph is right
/// after any of them: where two passes undo each other, it is enough to stop.
constexpr int kMaxRounds = 20;

/// Runs one pass and checks what it left behind.
void runOne(Graph& graph, const Pass& pass, PassResult& result) {
  const auto start = std::chrono::steady_clock::now();
  try {
    const int changes = pass.run(graph);
    graph.verify();
    result.changes += changes;
    if (changes > 0) spdlog::debug("pass {}: {} change(s)", pass.name, changes);
  } catch (Error& error) {
    error.addContext(fmt::format("running pass '{}'", pass.name));
    throw;
  }
  result.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Runs all passes until none changes anything more; returns how many changes they made.
int runRounds(Graph& graph, std::span<const Pass> passes, std::vector<PassResult>& results) {
  int total = 0;
  graph.inferShapes();
  for (int round = 0; round < kMaxRounds; ++round) {
    int changes = 0;
    for (size_t i = 0; i < passes.size(); ++i) {
      const int before = results[i].changes;
      runOne(graph, passes[i], results[i]);
      if (results[i].changes == before) continue;
      changes += results[i].changes - before;
      graph.inferShapes();
    }
    if (changes == 0) return total;
    total += changes;
  }
  spdlog::warn("stopped the passes after {} rounds, though each of them still changed something", kMaxRounds);
  return total;
}

}  // namespace

std::span<const Pass> preparationPasses() { return kPreparation; }

std::vector<PassResult> runPasses(Graph& graph, std::span<const Pass> passes) {
  std::vector<PassResult> results;
  for (const Pass& pass : passes) results.push_back({pass.name});
  runRounds(graph, passes, results);
  const int inside = rewriteBodies(graph, [&](Graph& body) { return runRounds(body, passes, results); });
  if (inside > 0) runRounds(graph, passes, results);  // bodies may no longer read what they captured
  return results;
}

int removeUnused(Graph& graph) { return graph.removeUnused(); }

}  // namespace quant
