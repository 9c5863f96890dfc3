#include "app/mode.h"
#include "app/model_data.h"
#include "quantizer/apply_dynamic.h"
#include "quantizer/apply_weight_only.h"
#include "quantizer/place_dynamic.h"
#include "quantizer/plan_dynamic.h"
#include "quantizer/store_other_weights.h"

namespace quant {

namespace {

/// How wide channels are beside each other shows in a few samples, made-up ones too.
constexpr size_t kSpreadSamples = 4;

std::map<std::string, ChannelSpread> spreadsOf(const ModeRun& run, const std::set<std::string>& values,
                                               const Dataset& dataset) {
  SampleSource samples = samplesOf(dataset);
  samples.count = std::min(samples.count, kSpreadSamples);
  return collectSpread(run.graph, values, samples, run.console.progress("looking at channels"));
}

/// Without samples, made-up ones; a model that they do not fit keeps its channels as they are.
std::map<std::string, ChannelSpread> findSpreads(ModeRun& run, const Placement& placement) {
  if (!run.options.dynamic.levels) return {};
  const std::set<std::string> values = valuesToLevel(run.graph, placement);
  if (values.empty()) return {};
  if (run.dataset != nullptr) return spreadsOf(run, values, *run.dataset);
  try {
    return spreadsOf(run, values, *madeUpData(run.graph, kSpreadSamples));
  } catch (const Error& error) {
    run.report.plan.warnings.push_back(
        fmt::format("channels of activations were not levelled, which would need a run: {}", error.what()));
    return {};
  }
}

void announceNothing(QuantizationPlan& plan) {
  if (plan.count(Treatment::kDynamic) + plan.count(Treatment::kWeights) > 0) return;
  plan.warnings.emplace_back(
      "no node became int8: convolutions need --dynamic-conv, and are faster with --mode ptq-int8; --dry-run says why "
      "of each node");
}

}  // namespace

void planDynamic(ModeRun& run) {
  DynamicOptions options = run.options.dynamic;
  options.format = run.options.format;
  Placement placement = placeDynamic(run.graph, run.options.int8, options);
  const auto spreads = findSpreads(run, placement);
  std::vector<std::string> warnings = std::move(run.report.plan.warnings);
  run.report.plan = makeDynamicPlan(run.graph, std::move(placement), spreads, run.options.int8);
  run.report.plan.warnings.insert(run.report.plan.warnings.begin(), warnings.begin(), warnings.end());
  storeOtherWeights(run.graph, run.options.int8.selection, run.report.plan);
  announceNothing(run.report.plan);
}

void applyDynamic(Graph& graph, const ModeRun& run) {
  applyDynamic(graph, run.report.plan);
  applyWeightStorage(graph, run.report.plan, {});
}

}  // namespace quant
