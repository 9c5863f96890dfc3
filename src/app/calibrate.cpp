#include "app/calibrate.h"

#include <algorithm>

#include "app/report_file.h"
#include "app/resources.h"
#include "calibration/collect.h"
#include "core/files.h"

namespace quant {

namespace {

/// What ranges belong to: a table made for another model must not be taken for this one.
uint64_t modelHash(const std::filesystem::path& model) { return hashBytes(MappedFile::open(model)->bytes()); }

/// The float outputs of the first samples go into `outputs` while statistics are collected.
CollectOptions collectOptions(const CalibrationMethod& method, const ModeRun& run, FloatOutputs& outputs) {
  CollectOptions collect;
  const bool with_histograms = method.needs_histogram || showsDetails(run.options);
  collect.detail = with_histograms ? TensorStatistics::Detail::kHistogram : TensorStatistics::Detail::kSummary;
  collect.batch_size = run.options.calibration.batch_size;
  collect.progress = run.console.progress("calibrating");
  outputs.names = run.runnable().outputs();
  outputs.samples.resize(samplesToVerify(*run.dataset, run.options));
  collect.take_outputs = [&outputs](size_t index, std::vector<Tensor> values) {
    if (index < outputs.samples.size()) outputs.samples[index] = std::move(values);
  };
  return collect;
}

RangeTable collectRanges(ModeRun& run, CalibrationWish wish) {
  const Stopwatch watch;
  const QuantizeOptions& options = run.options;
  const CalibrationMethod& method =
      findCalibrationMethod(wish.method.empty() ? options.calibration.method : wish.method);
  CollectOptions collect = collectOptions(method, run, run.outputs);
  collect.channel_axes = std::move(wish.channel_axes);
  for (const auto& [value, axis] : collect.channel_axes) wish.values.insert(value);
  if (wish.find_levels) collect.levels = wish.find_levels();
  StatisticsTable statistics =
      collectStatistics(run.runnable(), {wish.values.begin(), wish.values.end()}, samplesOf(*run.dataset), collect);
  const bool is_saved = !options.calibration.save_ranges.empty();  // else nothing reads the hash
  const MethodOptions method_options{options.calibration.percentile, options.int8.symmetric_activations,
                                     options.int8.activation_type};
  RangeTable ranges = makeRangeTable(statistics, method, method_options, is_saved ? modelHash(options.model) : 0);
  for (auto& [value, levels] : collect.levels) ranges.values.at(value).levels = std::move(levels);
  run.report.calibration = {ranges.method, run.dataset->description(), run.dataset->size(),
                            run.dataset->preprocess() ? toString(*run.dataset->preprocess()) : "", watch.seconds()};
  if (showsDetails(options)) run.statistics = std::move(statistics);
  return ranges;
}

RangeTable loadRanges(ModeRun& run) {
  const auto& path = run.options.calibration.load_ranges;
  RangeTable ranges = loadRangeTable(path, modelHash(run.options.model));
  run.report.calibration = {ranges.method, fmt::format("ranges from {}", path.string()), 0, "", 0};
  return ranges;
}

}  // namespace

bool showsDetails(const QuantizeOptions& options) {
  return !options.dry_run && !options.report.empty() && reportFormat(options.report) == ReportFormat::kHtml;
}

size_t samplesToVerify(const Dataset& dataset, const QuantizeOptions& options) {
  return options.dry_run ? 0 : std::min(options.verify_samples, dataset.size());
}

RangeTable calibrateRanges(ModeRun& run, CalibrationWish wish) {
  const CalibrationOptions& options = run.options.calibration;
  RangeTable ranges = options.load_ranges.empty() ? collectRanges(run, std::move(wish)) : loadRanges(run);
  if (!options.save_ranges.empty()) saveRangeTable(ranges, options.save_ranges);
  return ranges;
}

}  // namespace quant
