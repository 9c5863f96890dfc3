#include "app/channel_levels.h"
#include "app/mode.h"
#include "app/model_data.h"
#include "quantizer/apply_dynamic.h"
#include "quantizer/apply_weight_only.h"
#include "quantizer/body_plans.h"
#include "quantizer/place_dynamic.h"
#include "quantizer/plan_dynamic.h"
#include "quantizer/store_other_weights.h"

namespace quant {

namespace {

/// How wide channels are beside each other shows in a few samples, made-up ones too.
constexpr size_t kSpreadSamples = 4;

/// Without samples, made-up ones; a model that they do not fit keeps its channels as they are.
ChannelLevels findLevels(const ModeRun& run, const Placement& placement, std::vector<std::string>& warnings) {
  if (run.dataset != nullptr) return findChannelLevels(run, placement, *run.dataset, kSpreadSamples);
  try {
    return findChannelLevels(run, placement, *madeUpData(run.graph, kSpreadSamples), kSpreadSamples);
  } catch (const Error& error) {
    warnings.push_back(
        fmt::format("channels of activations were not levelled, which would need a run: {}", error.what()));
    return {};
  }
}

/// Channels are levelled in the main graph only: nobody looks into a body while it runs.
QuantizationPlan planGraph(ModeRun& run, const Graph& graph, const NodeSelection& selection) {
  DynamicOptions options = run.options.dynamic;
  options.format = run.options.format;
  Int8Options int8 = run.options.int8;
  int8.selection = selection;
  Placement placement = placeDynamic(graph, int8, options);
  std::vector<std::string> warnings;
  ChannelLevels levels = selection.in_body ? ChannelLevels() : findLevels(run, placement, warnings);
  QuantizationPlan plan = makeDynamicPlan(graph, std::move(placement), std::move(levels), int8);
  plan.warnings.insert(plan.warnings.begin(), warnings.begin(), warnings.end());
  storeOtherWeights(graph, selection, plan);
  return plan;
}

}  // namespace

void planDynamic(ModeRun& run) {
  run.report.plan = planWithBodies(
      run.graph, run.options.int8.selection,
      [&](const Graph& graph, const NodeSelection& selection) { return planGraph(run, graph, selection); });
}

void applyDynamic(Graph& graph, const ModeRun& run) {
  applyWithBodies(graph, run.report.plan, [](Graph& one, const QuantizationPlan& plan) {
    applyDynamic(one, plan);
    applyWeightStorage(one, plan, {});
  });
}

}  // namespace quant
