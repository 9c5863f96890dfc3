#include "quantizer/plan_dynamic.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "core/workers.h"
#include "quantizer/levels.h"

namespace quant {

namespace {

/// Dividing an activation by its levels takes a little time: not for less than this.
constexpr double kLeastGain = 1.5;

struct Reader {
  std::string output;  // as the plan names the node
  const Node* node;
};

/// Nodes with weights that multiply each value, in topological order.
std::map<std::string, std::vector<Reader>> readersByValue(const Graph& graph, const Placement& placement) {
  std::map<std::string, std::vector<Reader>> readers;
  for (const NodePlacement& row : placement.nodes) {
    if (!placement.weights.contains(row.output)) continue;
    const Node* node = graph.producer(row.output);
    readers[node->input(0)].push_back({row.output, node});
  }
  return readers;
}

bool multipliesLastAxis(const Node& node) { return node.is("MatMul") || node.is("Gemm"); }

/// A product of two activations reads the value's integers as they are.
bool isReadByProduct(const Graph& graph, const Placement& placement, const std::string& value) {
  return std::ranges::any_of(graph.consumers(value), [&](const Node* reader) {
    const bool is_product = reader->is("MatMul") && !placement.weights.contains(reader->output());
    return is_product && placement.node(reader->output()).treatment == Treatment::kDynamic;
  });
}

std::vector<float> levelsOf(const Graph& graph, const std::vector<Reader>& readers, const ChannelSpread& spread) {
  std::vector<LevelledWeights> weights;
  for (const auto& [output, reader] : readers) {
    const Tensor* tensor = graph.constant(reader->input(1));
    weights.push_back({tensor, WeightRows(*reader, tensor->shape())});
    if (weights.back().rows.inputs() != spread.low.size()) return {};
  }
  const auto levels = findLevels(spread, weights, kLeastGain);
  return levels ? levels->factors : std::vector<float>();
}

std::string reasonFor(const QuantizationPlan& plan, const Graph& graph, const NodePlacement& row) {
  const auto weights = plan.weights.find(row.output);
  if (weights == plan.weights.end()) return "both activations become uint8 while the model runs";
  std::string reason = describe(weights->second, false);
  if (plan.levels.contains(graph.producer(row.output)->input(0))) reason += "; its input's channels are levelled";
  if (row.op_type == "LSTM") reason += "; com.microsoft's DynamicQuantizeLSTM, for onnxruntime only";
  return reason;
}

}  // namespace

std::set<std::string> valuesToLevel(const Graph& graph, const Placement& placement) {
  std::set<std::string> values;
  for (const auto& [value, readers] : readersByValue(graph, placement)) {
    const bool all_last =
        std::ranges::all_of(readers, [](const Reader& reader) { return multipliesLastAxis(*reader.node); });
    if (all_last && !isReadByProduct(graph, placement, value)) values.insert(value);
  }
  return values;
}

QuantizationPlan makeDynamicPlan(const Graph& graph, Placement placement,
                                 const std::map<std::string, ChannelSpread>& spreads, const Int8Options& options) {
  QuantizationPlan plan;
  plan.target = options.target;
  const auto by_value = readersByValue(graph, placement);
  const std::vector<std::pair<std::string, std::vector<Reader>>> groups(by_value.begin(), by_value.end());
  std::mutex joining;
  forEachIndex(groups.size(), {}, [&](size_t i) {
    const auto& [value, readers] = groups[i];
    const auto spread = spreads.find(value);
    std::vector<float> levels;
    if (spread != spreads.end()) levels = levelsOf(graph, readers, spread->second);
    for (const auto& [output, reader] : readers) {
      WeightPlan weights = planDynamicWeights(graph, *reader, 1, levels, options);
      std::optional<WeightPlan> recurrence;
      if (reader->is("LSTM")) recurrence = planDynamicWeights(graph, *reader, 2, {}, options);
      const std::lock_guard lock(joining);
      plan.weights.emplace(output, std::move(weights));
      if (recurrence) plan.recurrences.emplace(output, std::move(*recurrence));
    }
    const std::lock_guard lock(joining);
    if (!levels.empty()) plan.levels.emplace(value, std::move(levels));
  });
  plan.nodes = std::move(placement.nodes);
  for (NodePlacement& row : plan.nodes) {
    if (row.treatment == Treatment::kDynamic) row.reason = reasonFor(plan, graph, row);
  }
  return plan;
}

}  // namespace quant
