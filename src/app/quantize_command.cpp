#include "app/quantize_command.h"

#include <algorithm>
#include <array>

#include "app/calibrate.h"
#include "app/mode.h"
#include "app/model_data.h"
#include "app/report_file.h"
#include "app/report_html.h"
#include "app/resources.h"
#include "app/verify_result.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "dataset/preprocess_file.h"
#include "onnx_io/densify.h"
#include "onnx_io/external_data.h"
#include "onnx_io/load.h"
#include "onnx_io/save.h"
#include "onnx_io/upgrade.h"
#include "passes/pass.h"

namespace quant {

namespace {

namespace fs = std::filesystem;

/// What this command writes, or may write: a large model gets a file of weights beside it.
std::vector<fs::path> targetsOf(const QuantizeOptions& options) {
  fs::path data = outputPath(options);
  data += ".data";
  std::vector<fs::path> targets = {outputPath(options), data, options.report, options.calibration.save_ranges};
  std::erase_if(targets, [](const fs::path& target) { return target.empty(); });
  return targets;
}

/// Weights of the model that lie in other files are read until the end: nothing may be written over them.
void requireUnread(const Graph& graph, const QuantizeOptions& options) {
  for (const fs::path& file : externalFiles(graph, options.model.parent_path())) {
    for (const fs::path& target : targetsOf(options)) {
      if (fs::weakly_canonical(target) != fs::weakly_canonical(file)) continue;
      throwBadInput("'{}' holds weights of '{}' and would be written over; give the output another name",
                    target.string(), options.model.string());
    }
  }
}

Graph loadPrepared(const QuantizeOptions& options, QuantizeReport& report) {
  const Stopwatch watch;
  Graph graph = load(options.model);
  if (!options.dry_run) requireUnread(graph, options);
  densifyInitializers(graph);
  report.model_bytes = std::filesystem::file_size(options.model) + externalBytes(graph);
  const ModeRow& mode = rowOf(options.mode);
  upgradeOpset(graph, mode.opset_for != nullptr ? mode.opset_for(graph) : mode.opset);
  report.passes = runPasses(graph, preparationPasses());
  report.load_seconds = watch.seconds();
  return graph;
}

void storeMetadata(Graph& graph, const Dataset* dataset, const QuantizeReport& report) {
  graph.setMetadata("quantize.mode", report.mode);
  if (!report.calibration.method.empty()) {
    if (!report.plan.weights.empty()) {
      graph.setMetadata("quantize.target", std::string(rowOf(report.plan.target).name));
    }
    graph.setMetadata("quantize.calibration", report.calibration.method);
  }
  if (dataset != nullptr && dataset->preprocess()) graph.setMetadata(kPreprocessKey, toJson(*dataset->preprocess()));
}

void requireSource(const QuantizeOptions& options) {
  if (!rowOf(options.mode).needs_samples) return;
  if (!options.data.folder.empty() || !options.calibration.load_ranges.empty()) return;
  throwBadInput(
      "--mode {} needs samples: give a folder of them with --calib-data DIR, or ranges saved earlier with "
      "--load-ranges FILE",
      rowOf(options.mode).name);
}

bool isInside(const fs::path& file, const fs::path& folder) {
  const auto [folder_end, ignored] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return folder_end == folder.end();
}

/// True for a file that may be a sample: results of earlier commands in the same folder are none.
bool isSample(const fs::path& file, const fs::path& folder) {
  constexpr std::array<std::string_view, 6> kEndings = {".npz", ".npy", ".pb", ".png", ".jpg", ".jpeg"};
  const bool is_kind = std::ranges::find(kEndings, file.extension().string()) != kEndings.end();
  return is_kind && !folder.empty() && fs::exists(file) && isInside(file, fs::weakly_canonical(folder));
}

/// What is to be written can be written, and replaces neither what is read nor each other.
void requireTargets(const QuantizeOptions& options) {
  if (!options.report.empty()) static_cast<void>(reportFormat(options.report));
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
    if (isSample(file, options.data.folder)) {
      throwBadInput("'{}' is one of the samples and would be written over; give another name", target.string());
    }
    taken.push_back(file);
  }
}

/// Writes the model as the plan says.
void writeQuantized(const ModeRun& run) {
  QuantizeReport& report = run.report;
  Graph quantized = run.graph.clone();
  rowOf(run.options.mode).apply(quantized, run);
  storeMetadata(quantized, run.dataset, report);
  report.opset = quantized.opset();
  report.output_bytes = save(std::move(quantized), report.output);
}

/// A file that is no smaller for a reason that nobody told would look like a fault.
void announceNothing(QuantizeReport& report, Mode mode) {
  const auto& nodes = report.plan.nodes;
  const bool is_nothing =
      std::ranges::all_of(nodes, [](const NodePlacement& row) { return row.treatment == Treatment::kFloat; });
  if (!is_nothing) return;
  const bool has_conv = std::ranges::find(nodes, "Conv", &NodePlacement::op_type) != nodes.end();
  const std::string_view hint = mode == Mode::kDynamic && has_conv
                                    ? "convolutions need --dynamic-conv, and are faster with --mode ptq-int8; "
                                    : "";
  report.plan.warnings.push_back(fmt::format(
      "nothing was quantized: --mode {} with these options changes no node of this model; {}--dry-run says why of each",
      report.mode, hint));
}

void writeReport(const QuantizeReport& report, const std::filesystem::path& path) {
  switch (reportFormat(path)) {
    case ReportFormat::kJson: return writeFile(path, reportJson(report));
    case ReportFormat::kMarkdown: return writeFile(path, reportMarkdown(report));
    case ReportFormat::kHtml: return writeFile(path, quantizeReportHtml(report));
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

  const Graph graph = loadPrepared(options, report);
  const auto dataset = options.data.folder.empty() ? nullptr : openData(graph, options.data);
  QuantizeOptions adjusted = options;  // nodes that turn out to lose too much are left out
  ModeRun run{graph, adjusted, dataset.get(), console, report};
  const std::optional<RunnablePart> part = runnablePart(graph);
  if (part) run.part = &*part;
  rowOf(options.mode).plan(run);
  if (options.dry_run) {
    console.out << planText(report.plan);
    return ExitCode::kOk;
  }
  writeQuantized(run);
  if (showsDetails(options)) report.details = describePlan(run);
  const auto write_again = [&] {
    report.ranges = {};
    report.verifications.clear();
    rowOf(adjusted.mode).plan(run);
    writeQuantized(run);
    if (showsDetails(options)) report.details = describePlan(run);
    verifyResult(run);
  };
  try {
    verifyResult(run);
    heedLoss(run, adjusted.int8.selection, write_again);
    announceOtherShapes(report);
  } catch (const Interrupted&) {
    throw Interrupted(fmt::format("interrupted: '{}' is complete, but its comparison with the float model is not",
                                  report.output.string()));
  }

  announceNothing(report, options.mode);
  report.total_seconds = total.seconds();
  report.peak_memory = peakMemory();
  if (!options.report.empty()) writeReport(report, options.report);
  if (!console.quiet) console.out << summaryText(report);
  return ExitCode::kOk;
}

}  // namespace quant
