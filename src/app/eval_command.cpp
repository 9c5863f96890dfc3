#include "app/eval_command.h"

#include <fmt/ranges.h>

#include "app/eval_models.h"
#include "app/eval_printers.h"
#include "app/eval_tables.h"
#include "app/model_memory.h"
#include "app/predictions.h"
#include "app/report_file.h"
#include "app/report_html.h"
#include "app/resources.h"
#include "core/files.h"
#include "core/sha256.h"
#include "dataset/labels.h"
#include "eval/latency.h"
#include "eval/layers.h"
#include "eval/output_choice.h"
#include "eval/summarize.h"

namespace quant {

namespace {

/// Layers are compared on so many samples at most when it is about saturation.
constexpr size_t kMostProbedSamples = 64;

std::string printed(const EvalReport& report, ReportFormat format) {
  switch (format) {
    case ReportFormat::kJson: return evalReportJson(report);
    case ReportFormat::kMarkdown: return evalReportMarkdown(report);
    case ReportFormat::kHtml: return evalReportHtml(report);
  }
  throwInternal("a report has no such format");
}

/// One evaluation: what was asked for, what is at hand, and the report as it grows.
class Evaluation {
 public:
  Evaluation(const EvalOptions& options, const Console& console) : options_(options), console_(console) {
    for (const std::string& text : options.gates) gates_.push_back(parseGate(text));
    requireTargets();
    requireSense();
    list_ = listModels(options.models, options.baseline);
    data_ = options.data;
    if (data_.labels.empty()) data_.labels = findLabelsFile(data_.folder).value_or("");
  }

  EvalReport run() {
    if (options_.latency_runs > 0) measureMemory();
    open();
    describe();
    const ModelRuns runs = evaluate(options_.backend);
    summarize(runs);
    if (options_.latency_runs > 0) measureTimes();
    if (options_.layers) addLayers();
    if (options_.isa_effects) addIsaEffects(runs);
    if (!options_.predictions.empty()) writePredictions(runs);
    if (!options_.reports.empty()) addHashes();
    report_.gates = judge(gates_, report_);
    report_.seconds = watch_.seconds();
    return std::move(report_);
  }

 private:
  void requireSense() const {
    if (options_.metric == Metric::kError && !options_.metric_output.empty()) {
      throwBadInput("--metric error is about every output; --metric-output is for classes and vectors");
    }
  }

  void requireTargets() const {
    for (const auto& path : options_.reports) {
      (void)reportFormat(path);
      requireWritable(path);
    }
    if (!options_.predictions.empty()) requireWritable(options_.predictions);
  }

  void measureMemory() {
    for (const auto& path : list_.paths) {
      peaks_.push_back(peakMemoryOf([&] {
        std::vector<EvalModel> alone;
        alone.push_back(loadEvalModel(path));
        keepRunnable(alone, {path.string()}, {});
        openEvalData(alone, data_);
        Executor executor(alone.front().graph);
        executor.run(alone.front().dataset->load(0).inputs);
      }));
    }
  }

  void open() {
    for (const auto& path : list_.paths) models_.push_back(loadEvalModel(path));
    report_.warnings = keepRunnable(models_, list_.names, list_.baseline);
    openEvalData(models_, data_);
    for (size_t i = 0; i < models_.size(); ++i) {
      subjects_.push_back({list_.names[i], &models_[i].graph, models_[i].dataset.get()});
    }
  }

  /// All that is known before anything runs; finds out whether the gates can be judged.
  void describe() {
    const Dataset& dataset = *models_.front().dataset;
    const bool has_labels = dataset.load(0).label.has_value();
    report_.version = options_.version;
    report_.onednn_version = oneDnnVersion();
    report_.arguments = options_.arguments;
    report_.backend = toString(options_.backend);
    report_.cpu = cpuInfo();
    report_.baseline = list_.baseline;
    chooseMetric(has_labels);
    report_.data = {options_.data.folder.string(),
                    dataset.description(),
                    has_labels ? labelSource(dataset) : "",
                    "",
                    dataset.size(),
                    dataset.preprocess() ? toString(*dataset.preprocess()) : "",
                    0};
    for (size_t i = 0; i < models_.size(); ++i) {
      ModelResult model;
      model.path = list_.paths[i].string();
      model.name = list_.names[i];
      model.bytes = models_[i].bytes;
      model.opset = models_[i].graph.opset();
      model.mode = models_[i].graph.metadata("quantize.mode").value_or("");
      model.load_ms = models_[i].load_ms;
      if (!peaks_.empty()) model.peak_memory = peaks_[i];
      report_.models.push_back(std::move(model));
    }
    const Measured measured{list_.baseline.has_value(), has_labels,     options_.layers,
                            options_.isa_effects,       report_.metric, timedBatches()};
    for (const Gate& gate : gates_) requireMeasured(gate, measured);
  }

  void chooseMetric(bool has_labels) {
    const auto& classes = models_.front().dataset->classes();
    ChoiceWishes wishes{options_.metric, options_.metric_output, has_labels, {}};
    if (!classes.empty()) wishes.classes = classes.size();
    const Graph& graph = reference().graph;
    const OutputChoice choice = chooseOutput(graph, wishes);
    report_.metric = choice.metric;
    if (choice.metric != Metric::kError) report_.metric_output = graph.outputs()[choice.output];
    if (!choice.no_scores.empty()) report_.warnings.push_back(choice.no_scores);
    for (Subject& subject : subjects_) {
      const auto match = matchOutputs(graph, *subject.graph).at(choice.output);
      if (match) subject.output = *match;
      if (match || choice.metric == Metric::kError) continue;
      throwBadInput("'{}' has no output that stands for '{}' of '{}', which --metric {} is about", subject.name,
                    report_.metric_output, list_.names[list_.baseline.value_or(0)], toString(choice.metric));
    }
  }

  /// The model that decides what the outputs are.
  [[nodiscard]] const EvalModel& reference() const { return models_[list_.baseline.value_or(0)]; }

  [[nodiscard]] std::vector<int> timedBatches() const {
    return options_.latency_runs > 0 ? options_.batch_sizes : std::vector<int>{};
  }

  [[nodiscard]] std::string labelSource(const Dataset& dataset) const {
    if (!data_.labels.empty()) return data_.labels.filename().string();
    return dataset.classes().empty() ? "arrays in the files" : "class folders";
  }

  [[nodiscard]] ModelRuns evaluate(Backend backend) const {
    RunOptions options;
    options.metric = report_.metric;
    options.baseline = list_.baseline;
    options.backend = backend;
    options.progress = [&](size_t model) { return console_.progress("evaluating " + list_.names[model]); };
    return runModels(subjects_, options);
  }

  void summarize(const ModelRuns& runs) {
    if (report_.metric == Metric::kVectors) findNeighbours(runs);
    for (size_t i = 0; i < runs.models.size(); ++i) {
      ModelResult& model = report_.models[i];
      model.macs = runs.models[i].macs;
      model.outputs = outputErrors(runs.models[i]);
      if (report_.metric == Metric::kClasses) addClasses(runs, i);
      if (report_.metric == Metric::kVectors && isCompared(i)) {
        const size_t baseline = *list_.baseline;
        model.vectors =
            vectorAgreement(runs.samples, runs.models[baseline], runs.models[i], neighbours_[baseline], neighbours_[i]);
      }
    }
  }

  [[nodiscard]] bool isCompared(size_t model) const { return list_.baseline && model != *list_.baseline; }

  void addClasses(const ModelRuns& runs, size_t model) {
    ModelResult& result = report_.models[model];
    const bool has_labels = !report_.data.labels.empty();
    if (has_labels) {
      result.accuracy = accuracyOf(runs.samples, runs.models[model], models_.front().dataset->classes());
    }
    if (!list_.baseline) return;
    const ModelRun& baseline = runs.models[*list_.baseline];
    result.same_top1 = sameTop1(baseline, runs.models[model]);
    if (has_labels && isCompared(model)) result.drop = dropOf(runs.samples, baseline, runs.models[model]);
  }

  void findNeighbours(const ModelRuns& runs) {
    neighbours_.resize(runs.models.size());
    if (runs.samples.size() > kMostNeighbours) {
      report_.warnings.push_back(
          fmt::format("nearest neighbours are not looked for among more than {} samples; take "
                      "fewer with --samples",
                      kMostNeighbours));
      return;
    }
    for (size_t i = 0; i < runs.models.size(); ++i) {
      neighbours_[i] = nearestNeighbours(runs.models[i], console_.progress("neighbours of " + list_.names[i]));
    }
  }

  void measureTimes() {
    LatencyOptions options;
    options.batch_sizes = options_.batch_sizes;
    options.runs = options_.latency_runs;
    options.progress = console_.progress("timing");
    auto latencies = measureLatency(subjects_, options);
    for (size_t i = 0; i < latencies.size(); ++i) {
      ModelResult& model = report_.models[i];
      model.latency = std::move(latencies[i].batches);
      model.first_run_ms = latencies[i].first_run_ms;
      model.buffer_bytes = latencies[i].buffer_bytes;
      for (const std::string& refusal : latencies[i].refusals) {
        report_.warnings.push_back(fmt::format("{}: {}", model.name, refusal));
      }
    }
    report_.data.preprocess_ms = measurePreprocessing(*models_.front().dataset);
  }

  void addLayers() {
    for (size_t i = 0; i < subjects_.size(); ++i) {
      LayerOptions options;
      options.progress = console_.progress("layers of " + list_.names[i]);
      report_.models[i].layers =
          measureLayers(subjects_[i], isCompared(i) ? &subjects_[*list_.baseline] : nullptr, options);
    }
  }

  void addIsaEffects(const ModelRuns& exact) {
    const size_t count = std::min(report_.data.samples, kMostProbedSamples);
    for (size_t i = 0; i < subjects_.size(); ++i) {
      IsaResult isa;
      isa.effects = measureIsaEffects(models_[i].graph, *models_[i].dataset, count,
                                      console_.progress("layers of " + list_.names[i]));
      if (!isa.effects.layers.empty() && report_.metric == Metric::kClasses) addSaturatedAccuracy(exact, i, isa);
      report_.models[i].isa = std::move(isa);
    }
  }

  void addSaturatedAccuracy(const ModelRuns& exact, size_t model, IsaResult& isa) {
    RunOptions options;
    options.backend = Backend::kSaturating;
    options.progress = [&](size_t) { return console_.progress("saturating " + list_.names[model]); };
    const ModelRuns runs = runModels({subjects_[model]}, options);
    isa.same_top1 = sameTop1(exact.models[model], runs.models.front());
    if (!report_.data.labels.empty()) {
      isa.accuracy = accuracyOf(runs.samples, runs.models.front(), models_.front().dataset->classes());
    }
  }

  void writePredictions(const ModelRuns& runs) const {
    writeFile(options_.predictions, predictionsCsv(report_.metric, list_.names, runs, list_.baseline, neighbours_));
  }

  void addHashes() {
    for (size_t i = 0; i < list_.paths.size(); ++i) report_.models[i].sha256 = sha256OfFile(list_.paths[i]);
    report_.data.sha256 = hashOfData(data_);
  }

  const EvalOptions& options_;
  const Console& console_;
  const Stopwatch watch_;
  std::vector<Gate> gates_;
  ModelList list_;
  DataOptions data_;
  std::vector<std::optional<uint64_t>> peaks_;
  std::vector<EvalModel> models_;
  std::vector<Subject> subjects_;
  std::vector<std::vector<size_t>> neighbours_;  // of each model, with kVectors
  EvalReport report_;
};

void requirePassed(const std::vector<GateResult>& gates) {
  std::vector<std::string> failures;
  for (const GateResult& gate : gates) {
    if (gate.failed) failures.push_back(toString(gate));
  }
  if (!failures.empty()) throw Error(ExitCode::kCheckFailed, fmt::format("{}", fmt::join(failures, "\n")));
}

}  // namespace

ExitCode evalCommand(const EvalOptions& options, const Console& console) {
  const EvalReport report = Evaluation(options, console).run();
  for (const auto& path : options.reports) writeFile(path, printed(report, reportFormat(path)));
  console.out << evalReportText(report) << std::flush;
  requirePassed(report.gates);
  return ExitCode::kOk;
}

}  // namespace quant
