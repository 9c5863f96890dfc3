#include "quantizer/plan_dynamic.h"

#include <mutex>
#include <optional>

#include "core/workers.h"

namespace quant {

namespace {

std::string reasonFor(const QuantizationPlan& plan, const Graph& graph, const NodePlacement& row) {
  const auto weights = plan.weights.find(row.output);
  if (weights == plan.weights.end()) return "both activations become uint8 while the model runs";
  std::string reason = describe(weights->second, false);
  if (plan.levels.contains(graph.producer(row.output)->input(0))) reason += kLevelledReason;
  if (row.op_type == "LSTM") reason += "; com.microsoft's DynamicQuantizeLSTM, for onnxruntime only";
  return reason;
}

}  // namespace

QuantizationPlan makeDynamicPlan(const Graph& graph, Placement placement, ChannelLevels levels,
                                 const Int8Options& options) {
  QuantizationPlan plan;
  plan.target = options.target;
  plan.levels = std::move(levels);
  const std::vector<std::pair<std::string, int>> weighted(placement.weights.begin(), placement.weights.end());
  std::mutex joining;
  forEachIndex(weighted.size(), {}, [&](size_t i) {
    const std::string& output = weighted[i].first;
    const Node& node = *graph.producer(output);
    WeightPlan weights = planDynamicWeights(graph, node, 1, plan.levelsOf(node.input(0)), options);
    std::optional<WeightPlan> recurrence;
    if (node.is("LSTM")) recurrence = planDynamicWeights(graph, node, 2, {}, options);
    const std::lock_guard lock(joining);
    plan.weights.emplace(output, std::move(weights));
    if (recurrence) plan.recurrences.emplace(output, std::move(*recurrence));
  });
  plan.nodes = std::move(placement.nodes);
  for (NodePlacement& row : plan.nodes) {
    if (row.treatment == Treatment::kDynamic) row.reason = reasonFor(plan, graph, row);
  }
  return plan;
}

}  // namespace quant
