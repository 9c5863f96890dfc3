#include <algorithm>

#include "app/calibrate.h"
#include "app/mode.h"
#include "app/resources.h"
#include "core/error.h"
#include "onnx_io/upgrade.h"
#include "quantizer/apply_weight_only.h"
#include "quantizer/body_plans.h"
#include "quantizer/place_weight_only.h"

namespace quant {

namespace {

WeightOnlyOptions weightOptions(const QuantizeOptions& options) {
  WeightOnlyOptions result = options.weight_only;
  result.symmetric = options.int8.symmetric_activations;
  result.selection = options.int8.selection;
  result.format = options.format;
  return result;
}

/// With samples, what the weights are multiplied with says which errors matter.
void collect(ModeRun& run) {
  const Stopwatch watch;
  MomentsOptions options;
  options.progress = run.console.progress("calibrating");
  run.outputs.names = run.runnable().outputs();
  run.outputs.samples.resize(samplesToVerify(*run.dataset, run.options));
  options.take_outputs = [&](size_t index, std::vector<Tensor> values) {
    if (index < run.outputs.samples.size()) run.outputs.samples[index] = std::move(values);
  };
  run.moments = collectMoments(run.runnable(), momentsList(run.report.plan), samplesOf(*run.dataset), options);
  run.report.calibration = {"moments", run.dataset->description(), run.dataset->size(),
                            run.dataset->preprocess() ? toString(*run.dataset->preprocess()) : "", watch.seconds()};
}

/// True when an earlier plan, of more nodes, saw to it.
bool isCollected(const ModeRun& run) {
  return !run.moments.empty() && std::ranges::all_of(momentsList(run.report.plan),
                                                     [&](const auto& value) { return run.moments.contains(value); });
}

}  // namespace

void planWeightOnly(ModeRun& run) {
  if (run.options.format == OperatorFormat::kQOperator) {
    throwBadInput("--format qoperator is for modes that compute on integers; --mode weight-only writes qdq or ms");
  }
  WeightOnlyOptions options = weightOptions(run.options);
  run.report.plan = planWithBodies(run.graph, options.selection, [options](const Graph& graph, const auto& selection) {
    WeightOnlyOptions here = options;
    here.selection = selection;
    return planWeightStorage(graph, here);
  });
  if (run.dataset != nullptr && !run.options.dry_run && !isCollected(run)) collect(run);
}

void applyWeightOnly(Graph& graph, const ModeRun& run) {
  if (const int64_t opset = opsetFor(run.report.plan); graph.opset() < opset) upgradeOpset(graph, opset);
  applyWithBodies(graph, run.report.plan,
                  [&](Graph& one, const QuantizationPlan& plan) { applyWeightStorage(one, plan, run.moments); });
}

}  // namespace quant
