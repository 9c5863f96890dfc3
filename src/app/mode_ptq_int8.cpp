#include "app/calibrate.h"
#include "app/mode.h"
#include "core/error.h"
#include "quantizer/apply_qdq.h"
#include "quantizer/apply_qoperator.h"
#include "quantizer/input_means.h"

namespace quant {

void planPtqInt8(ModeRun& run) {
  if (run.options.format == OperatorFormat::kMicrosoft) {
    throwBadInput("--format ms has no form of --mode ptq-int8; use qdq, the default, or qoperator");
  }
  Placement placement = place(run.graph, run.options.int8);
  const bool are_known = !run.report.ranges.values.empty();  // of an earlier plan for the same samples
  if (!are_known) run.report.ranges = calibrateRanges(run, {watchList(placement), meansList(run.graph, placement)});
  run.report.plan = makePlan(run.graph, std::move(placement), run.report.ranges, run.options.int8);
}

void applyPtqInt8(Graph& graph, const ModeRun& run) {
  const bool in_integers = run.options.format == OperatorFormat::kQOperator;
  (in_integers ? applyQOperator : applyQdq)(graph, run.report.plan);
}

}  // namespace quant
