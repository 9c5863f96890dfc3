#include "app/calibrate.h"
#include "app/mode.h"
#include "quantizer/apply_qdq.h"
#include "quantizer/input_means.h"

namespace quant {

void planPtqInt8(ModeRun& run) {
  Placement placement = place(run.graph, run.options.int8);
  const bool are_known = !run.report.ranges.values.empty();  // of an earlier plan for the same samples
  if (!are_known) run.report.ranges = calibrateRanges(run, {watchList(placement), meansList(run.graph, placement)});
  run.report.plan = makePlan(run.graph, std::move(placement), run.report.ranges, run.options.int8);
}

void applyPtqInt8(Graph& graph, const ModeRun& run) { applyQdq(graph, run.report.plan); }

}  // namespace quant
