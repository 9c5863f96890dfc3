#include "app/channel_levels.h"

#include <algorithm>

#include "calibration/channel_spread.h"
#include "quantizer/plan_levels.h"

namespace quant {

namespace {

SampleSource someOf(const Dataset& dataset, size_t count) {
  count = std::min(count, dataset.size());
  return {count, [&dataset, count](size_t i) { return dataset.load(i * dataset.size() / count); }};
}

}  // namespace

ChannelLevels findChannelLevels(const ModeRun& run, const Placement& placement, const Dataset& dataset,
                                size_t sample_count) {
  if (!run.options.int8.levels) return {};
  const std::set<std::string> values = valuesToLevel(run.graph, placement);
  if (values.empty()) return {};
  const Progress progress = run.console.progress("looking at channels");
  return planLevels(run.graph, placement,
                    collectSpread(run.runnable(), values, someOf(dataset, sample_count), progress));
}

}  // namespace quant
