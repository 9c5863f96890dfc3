#include "quantizer/plan.h"

#include <algorithm>

#include "core/error.h"
#include "graph/clamp.h"
#include "quantizer/plan_levels.h"

namespace quant {

namespace {

const RangeEntry& entryOf(const RangeTable& ranges, const std::string& value) {
  const auto found = ranges.values.find(value);
  if (found == ranges.values.end()) {
    throwBadInput("the table of ranges does not hold '{}'; calibrate again with this model and these options", value);
  }
  return found->second;
}

/// A range never reaches beyond the clamp that produced the value, whatever a table says: the clamp is absorbed.
Range withinClamp(const Graph& graph, const std::string& value, Range range) {
  const Node* producer = graph.producer(value);
  const auto clamp = producer == nullptr ? std::nullopt : clampOf(graph, *producer);
  if (!clamp) return range;
  return {std::max(range.low, clamp->low), std::min(range.high, clamp->high)};
}

QuantParams activationParams(Range range, const Int8Options& options) {
  return options.symmetric_activations ? symmetricParams(range, options.activation_type)
                                       : asymmetricParams(range, options.activation_type);
}

/// The parameters of a value: those of its root, unless an absorbed clamp makes the value and only its own would
/// saturate where the clamp does (a Relu before a Concat whose other sources are negative).
QuantParams paramsFor(const Graph& graph, const std::string& value, const std::string& root, const RangeTable& ranges,
                      const Int8Options& options) {
  const RangeEntry& entry = entryOf(ranges, root);
  const Range range = entry.levels.empty() ? withinClamp(graph, root, entry.range) : entry.range;
  QuantParams params = activationParams(range, options);
  const Node* producer = graph.producer(value);
  if (value == root || producer == nullptr) return params;
  const auto clamp = clampOf(graph, *producer);
  if (!clamp || impliedBySaturation(*clamp, params)) return params;
  return activationParams(withinClamp(graph, value, entryOf(ranges, value).range), options);
}

/// A clamp stays where the stored range does not end with it: in a tensor that was zero in every sample, or in
/// symmetric storage that reaches as far below zero as above.
void keepClampsThatStorageDoesNotImply(QuantizationPlan& plan, const Graph& graph) {
  for (NodePlacement& row : plan.nodes) {
    if (row.treatment != Treatment::kAbsorbed) continue;
    const auto clamp = clampOf(graph, *graph.producer(row.output));
    if (impliedBySaturation(clamp.value(), plan.activations.at(row.output))) continue;
    row.treatment = Treatment::kInt8;
    row.reason = fmt::format("clamps more than the saturation of '{}'", row.output);
  }
}

void planActivations(QuantizationPlan& plan, const Graph& graph, const Placement& placement, const RangeTable& ranges,
                     const Int8Options& options) {
  for (const auto& [value, root] : placement.values) {
    const auto& entry = entryOf(ranges, root);
    plan.activations.emplace(value, paramsFor(graph, value, root, ranges, options));
    if (value != root) continue;
    if (entry.non_finite > 0) {
      plan.warnings.push_back(fmt::format("'{}' held {} values that are not finite; they were left out of its range",
                                          value, entry.non_finite));
    }
    if (entry.range == Range{}) {
      plan.warnings.push_back(fmt::format("'{}' was zero in every sample; do the samples exercise the model?", value));
    }
  }
}

/// The levels that the ranges were seen with.
ChannelLevels levelsOf(const Graph& graph, const Placement& placement, const RangeTable& ranges,
                       const Int8Options& options) {
  ChannelLevels levels;
  const std::set<std::string> levellable = valuesToLevel(graph, placement);
  for (const auto& [value, root] : placement.values) {
    const RangeEntry& entry = entryOf(ranges, root);
    if (entry.levels.empty()) continue;
    if (!options.levels || !levellable.contains(value)) {
      throwBadInput(
          "the range of '{}' is that of its levelled channels, which these options or what reads it do not allow; "
          "calibrate again with these options",
          value);
    }
    levels.emplace(value, entry.levels);
  }
  return levels;
}

}  // namespace

size_t QuantizationPlan::count(Treatment treatment) const {
  return static_cast<size_t>(std::ranges::count(nodes, treatment, &NodePlacement::treatment));
}

std::span<const float> QuantizationPlan::levelsOf(const std::string& value) const {
  const auto found = levels.find(value);
  return found == levels.end() ? std::span<const float>() : std::span<const float>(found->second);
}

QuantizationPlan makePlan(const Graph& graph, Placement placement, const RangeTable& ranges,
                          const Int8Options& options) {
  QuantizationPlan plan;
  plan.target = options.target;
  plan.levels = levelsOf(graph, placement, ranges, options);
  planActivations(plan, graph, placement, ranges, options);
  plan.nodes = std::move(placement.nodes);
  keepClampsThatStorageDoesNotImply(plan, graph);
  for (NodePlacement& row : plan.nodes) {
    const auto weights = placement.weights.find(row.output);
    if (weights == placement.weights.end()) continue;
    const Node& node = *graph.producer(row.output);
    const float src_scale = plan.activations.at(node.input(0)).scale();
    const auto levels = plan.levelsOf(node.input(0));
    const WeightPlan planned = planWeights(graph, node, weights->second, {src_scale, levels}, ranges, options);
    row.reason = describe(planned, node.hasInput(2));
    if (!levels.empty()) row.reason += kLevelledReason;
    plan.weights.emplace(row.output, planned);
  }
  return plan;
}

std::string_view toString(Treatment treatment) {
  switch (treatment) {
    case Treatment::kInt8: return "int8";
    case Treatment::kMoves: return "int8 (moves)";
    case Treatment::kDynamic: return "int8 (dynamic)";
    case Treatment::kAbsorbed: return "absorbed";
    case Treatment::kHalf: return "half";
    case Treatment::kWeights: return "weights";
    case Treatment::kFloat: return "float";
  }
  return "";
}

}  // namespace quant
