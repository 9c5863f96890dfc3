#include "app/calibrate.h"
#include "app/half_trial.h"
#include "app/mode.h"
#include "app/model_data.h"
#include "quantizer/apply_float16.h"
#include "quantizer/plan_float16.h"

namespace quant {

namespace {

/// A node that is kept may hand its large numbers to the next one, and so on; this often they are followed.
constexpr int kMaxTrials = 8;

HalfOptions halfOptions(const ModeRun& run) {
  HalfOptions options;
  options.type = run.options.mode == Mode::kBf16 ? DataType::kBFloat16 : DataType::kFloat16;
  options.keep_io_types = !run.options.half_io;
  options.selection = run.options.int8.selection;
  return options;
}

/// The values of the main graph that could become half.
std::set<std::string> floatValues(const Graph& graph) {
  std::set<std::string> values;
  const auto add = [&](const std::string& value) {
    const auto type = value.empty() ? std::nullopt : graph.valueType(value);
    if (type && type->type == DataType::kFloat32) values.insert(value);
  };
  for (const auto& name : graph.inputs()) add(name);
  for (const Node* node : graph.nodes()) {
    for (const auto& name : node->proto().output()) add(name);
  }
  return values;
}

bool hasRanges(const ModeRun& run) { return run.dataset != nullptr || !run.options.calibration.load_ranges.empty(); }

/// Runs the converted model, and converts it again without the nodes that failed.
void planAndTry(ModeRun& run, const RangeTable* ranges) {
  const HalfOptions options = halfOptions(run);
  std::map<std::string, std::string> failed;
  HalfTrial trial(run);
  for (int i = 0; i < kMaxTrials; ++i) {
    run.report.plan = planFloat16(run.graph, ranges, options, failed);
    const auto failures = trial.failures(run.report.plan);
    if (failures.empty()) return;
    const size_t known = failed.size();
    failed.insert(failures.begin(), failures.end());
    if (failed.size() == known) break;
  }
  const auto& [key, why] = *failed.rbegin();
  throwUnsupported("node '{}' cannot be converted: {}", key, why);
}

}  // namespace

int64_t opsetForBf16(const Graph& graph) { return opsetForHalf(graph, DataType::kBFloat16); }

void planHalf(ModeRun& run) {
  if (hasRanges(run)) run.report.ranges = calibrateRanges(run, {floatValues(run.runnable()), {}, "minmax"});
  planAndTry(run, hasRanges(run) ? &run.report.ranges : nullptr);
}

void applyHalf(Graph& graph, const ModeRun& run) { applyFloat16(graph, run.report.plan); }

}  // namespace quant
