#include "app/calibrate.h"
#include "app/channel_levels.h"
#include "app/mode.h"
#include "core/error.h"
#include "quantizer/apply_qdq.h"
#include "quantizer/apply_qoperator.h"
#include "quantizer/apply_weight_only.h"
#include "quantizer/input_means.h"
#include "quantizer/store_other_weights.h"

namespace quant {

namespace {

/// So many samples tell which channels are wide.
constexpr size_t kSpreadSamples = 16;

}  // namespace

void planPtqInt8(ModeRun& run) {
  if (run.options.format == OperatorFormat::kMicrosoft) {
    throwBadInput("--format ms has no form of --mode ptq-int8; use qdq, the default, or qoperator");
  }
  Placement placement = place(run.graph, run.options.int8);
  const bool are_known = !run.report.ranges.values.empty();  // of an earlier plan for the same samples
  if (!are_known) {
    CalibrationWish wish{watchList(placement), meansList(run.graph, placement)};
    wish.find_levels = [&] { return findChannelLevels(run, placement, *run.dataset, kSpreadSamples); };
    run.report.ranges = calibrateRanges(run, std::move(wish));
  }
  run.report.plan = makePlan(run.graph, std::move(placement), run.report.ranges, run.options.int8);
  storeOtherWeights(run.graph, run.options.int8.selection, run.report.plan);
}

void applyPtqInt8(Graph& graph, const ModeRun& run) {
  const bool in_integers = run.options.format == OperatorFormat::kQOperator;
  (in_integers ? applyQOperator : applyQdq)(graph, run.report.plan);
  applyWeightStorage(graph, run.report.plan, {});
}

}  // namespace quant
