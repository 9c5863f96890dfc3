#include "app/quantize_command.h"

#include <algorithm>

#include "app/model_data.h"
#include "app/quantize_report.h"
#include "app/resources.h"
#include "calibration/collect.h"
#include "core/files.h"
#include "dataset/preprocess_file.h"
#include "onnx_io/load.h"
#include "onnx_io/save.h"
#include "onnx_io/upgrade.h"
#include "passes/pass.h"
#include "quantizer/apply_qdq.h"
#include "quantizer/input_means.h"

namespace quant {

namespace {

size_t samplesToVerify(const Dataset& dataset, const QuantizeOptions& options) {
  return options.dry_run ? 0 : std::min(options.verify_samples, dataset.size());
}

/// What ranges belong to: a table made for another model must not be taken for this one.
uint64_t modelHash(const std::filesystem::path& model) { return hashBytes(MappedFile::open(model)->bytes()); }

Graph loadPrepared(const QuantizeOptions& options, QuantizeReport& report) {
  const Stopwatch watch;
  Graph graph = load(options.model);
  upgradeOpset(graph, kQdqOpset);
  report.passes = runPasses(graph, preparationPasses());
  report.load_seconds = watch.seconds();
  return graph;
}

struct Calibrated {
  RangeTable ranges;
  FloatOutputs outputs;  ///< of the samples to verify with, where calibration gave them
};

Calibrated calibrate(const Graph& graph, const Placement& placement, const Dataset& dataset,
                     const QuantizeOptions& options, const Console& console, QuantizeReport& report) {
  const Stopwatch watch;
  const CalibrationMethod& method = findCalibrationMethod(options.calibration.method);
  const MethodOptions method_options{options.calibration.percentile, options.int8.symmetric_activations,
                                     options.int8.activation_type};
  std::set<std::string> watched = watchList(placement);
  CollectOptions collect;
  collect.channel_axes = meansList(graph, placement);
  for (const auto& [value, axis] : collect.channel_axes) watched.insert(value);
  collect.detail = method.needs_histogram ? TensorStatistics::Detail::kHistogram : TensorStatistics::Detail::kSummary;
  collect.batch_size = options.calibration.batch_size;
  collect.progress = console.progress("calibrating");
  FloatOutputs outputs;
  outputs.samples.resize(samplesToVerify(dataset, options));
  collect.take_outputs = [&](size_t index, std::vector<Tensor> values) {
    if (index < outputs.samples.size()) outputs.samples[index] = std::move(values);
  };
  const StatisticsTable statistics =
      collectStatistics(graph, {watched.begin(), watched.end()}, samplesOf(dataset), collect);
  const bool is_saved = !options.calibration.save_ranges.empty();  // else nothing reads the hash
  RangeTable ranges = makeRangeTable(statistics, method, method_options, is_saved ? modelHash(options.model) : 0);
  report.calibration = {ranges.method, dataset.description(), dataset.size(),
                        dataset.preprocess() ? toString(*dataset.preprocess()) : "", watch.seconds()};
  return {std::move(ranges), std::move(outputs)};
}

Calibrated loadRanges(const QuantizeOptions& options, QuantizeReport& report) {
  const auto& path = options.calibration.load_ranges;
  RangeTable ranges = loadRangeTable(path, modelHash(options.model));
  report.calibration = {ranges.method, fmt::format("ranges from {}", path.string()), 0, "", 0};
  return {std::move(ranges), {}};
}

void storeMetadata(Graph& graph, const Dataset* dataset, const QuantizeReport& report) {
  graph.setMetadata("quantize.mode", report.mode);
  graph.setMetadata("quantize.target", std::string(rowOf(report.plan.target).name));
  graph.setMetadata("quantize.calibration", report.calibration.method);
  if (dataset != nullptr && dataset->preprocess()) graph.setMetadata(kPreprocessKey, toJson(*dataset->preprocess()));
}

/// The float model's outputs for the first `count` samples: those that calibration gave, or of another run.
FloatOutputs completeOutputs(FloatOutputs given, const Graph& original, const Dataset& dataset, size_t count) {
  const auto is_there = [](const std::vector<Tensor>& outputs) { return !outputs.empty(); };
  const bool complete = given.samples.size() == count && std::ranges::all_of(given.samples, is_there);
  return complete ? std::move(given) : runFloat(original, dataset, count);
}

void verifyResult(const FloatOutputs& expected, const Graph& quantized, const Dataset& dataset,
                  const QuantizeOptions& options, const Console& console, QuantizeReport& report) {
  report.verifications.push_back(verify(expected, quantized, Backend::kOneDnn, dataset, console.progress("verifying")));
  if (!options.verify_exact) return;
  report.verifications.push_back(
      verify(expected, quantized, Backend::kReference, dataset, console.progress("verifying exactly")));
}

void requireSource(const QuantizeOptions& options) {
  if (!options.data.folder.empty() || !options.calibration.load_ranges.empty()) return;
  throwBadInput(
      "--mode ptq-int8 needs samples: give a folder of them with --calib-data DIR, or ranges saved earlier with "
      "--load-ranges FILE");
}

/// What is to be written can be written, and replaces neither the model nor each other.
void requireTargets(const QuantizeOptions& options) {
  namespace fs = std::filesystem;
  std::vector<fs::path> taken = {fs::weakly_canonical(options.model)};
  if (!options.calibration.load_ranges.empty()) taken.push_back(fs::weakly_canonical(options.calibration.load_ranges));
  for (const fs::path& target : {outputPath(options), options.report, options.calibration.save_ranges}) {
    if (target.empty()) continue;
    requireWritable(target);
    const fs::path file = fs::weakly_canonical(target);
    if (std::ranges::find(taken, file) != taken.end()) {
      throwBadInput("'{}' would be read and written, or written twice, by this command; give another name",
                    target.string());
    }
    taken.push_back(file);
  }
}

}  // namespace

ExitCode quantizeCommand(const QuantizeOptions& options, const Console& console) {
  const Stopwatch total;
  requireSource(options);
  if (!options.dry_run) requireTargets(options);
  QuantizeReport report;
  report.model = options.model;
  report.output = outputPath(options);
  report.mode = rowOf(options.mode).name;
  report.cpu = cpuInfo();

  Graph graph = loadPrepared(options, report);
  Placement placement = place(graph, options.int8);
  const auto dataset = options.data.folder.empty() ? nullptr : openData(graph, options.data);
  Calibrated calibrated = options.calibration.load_ranges.empty()
                              ? calibrate(graph, placement, *dataset, options, console, report)
                              : loadRanges(options, report);
  report.ranges = std::move(calibrated.ranges);
  if (!options.calibration.save_ranges.empty()) saveRangeTable(report.ranges, options.calibration.save_ranges);

  report.plan = makePlan(graph, std::move(placement), report.ranges, options.int8);
  if (options.dry_run) {
    console.out << planText(report.plan);
    return ExitCode::kOk;
  }

  Graph quantized = graph.clone();
  applyQdq(quantized, report.plan);
  storeMetadata(quantized, dataset.get(), report);
  save(quantized.clone(), report.output);
  report.model_bytes = std::filesystem::file_size(report.model);
  report.output_bytes = std::filesystem::file_size(report.output);
  report.opset = quantized.opset();
  if (const size_t count = dataset ? samplesToVerify(*dataset, options) : 0; count > 0) {
    const FloatOutputs expected = completeOutputs(std::move(calibrated.outputs), graph, *dataset, count);
    verifyResult(expected, load(report.output), *dataset, options, console, report);
  }

  report.total_seconds = total.seconds();
  report.peak_memory = peakMemory();
  if (!options.report.empty()) writeFile(options.report, reportJson(report));
  if (!console.quiet) console.out << summaryText(report);
  return ExitCode::kOk;
}

}  // namespace quant
