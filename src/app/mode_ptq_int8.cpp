#include "app/calibrate.h"
#include "app/channel_levels.h"
#include "app/mode.h"
#include "core/error.h"
#include "quantizer/apply_qdq.h"
#include "quantizer/apply_qoperator.h"
#include "quantizer/apply_weight_only.h"
#include "quantizer/body_plans.h"
#include "quantizer/input_means.h"
#include "quantizer/place_weight_only.h"
#include "quantizer/store_other_weights.h"

namespace quant {

namespace {

/// So many samples tell which channels are wide.
constexpr size_t kSpreadSamples = 16;

QuantizationPlan planMainGraph(ModeRun& run, const NodeSelection& selection) {
  Int8Options options = run.options.int8;
  options.selection = selection;
  if (run.part != nullptr) options.selection.kept_float.insert(run.part->reasons.begin(), run.part->reasons.end());
  Placement placement = place(run.graph, options);
  const bool are_known = !run.report.ranges.values.empty();  // of an earlier plan for the same samples
  if (!are_known) {
    CalibrationWish wish{watchList(placement), meansList(run.graph, placement)};
    wish.find_levels = [&] { return findChannelLevels(run, placement, *run.dataset, kSpreadSamples); };
    run.report.ranges = calibrateRanges(run, std::move(wish));
  }
  QuantizationPlan plan = makePlan(run.graph, std::move(placement), run.report.ranges, options);
  storeOtherWeights(run.graph, options.selection, plan);
  return plan;
}

/// Nobody looks into a body while it runs: no ranges are known there, but weights can be small.
QuantizationPlan planBody(const Graph& body, const NodeSelection& selection) {
  WeightOnlyOptions options;
  options.selection = selection;
  return planWeightStorage(body, options);
}

}  // namespace

void planPtqInt8(ModeRun& run) {
  if (run.options.format == OperatorFormat::kMicrosoft) {
    throwBadInput("--format ms has no form of --mode ptq-int8; use qdq, the default, or qoperator");
  }
  run.report.plan =
      planWithBodies(run.graph, run.options.int8.selection, [&](const Graph& graph, const NodeSelection& selection) {
        return selection.in_body ? planBody(graph, selection) : planMainGraph(run, selection);
      });
}

void applyPtqInt8(Graph& graph, const ModeRun& run) {
  const bool in_integers = run.options.format == OperatorFormat::kQOperator;
  applyWithBodies(graph, run.report.plan, [&](Graph& one, const QuantizationPlan& plan) {
    if (&one == &graph) (in_integers ? applyQOperator : applyQdq)(one, plan);
    applyWeightStorage(one, plan, {});
  });
}

}  // namespace quant
