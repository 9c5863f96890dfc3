#include "app/eval_command.h"

#include "app/isa_effects_text.h"
#include "app/model_data.h"
#include "core/files.h"
#include "dataset/preprocess_file.h"
#include "eval/accuracy.h"
#include "eval/isa_effects.h"
#include "eval/latency.h"
#include "onnx_io/load.h"
#include "passes/pass.h"

namespace quant {

namespace {

/// Layers are compared on so many samples at most.
constexpr size_t kMostProbedSamples = 64;

struct Row {
  std::filesystem::path path;
  Accuracy accuracy;
  Latency latency;
};

/// The first model that says how its pictures are prepared says it for all: they are compared on the same data.
DataOptions withStoredPreprocess(const std::vector<Graph>& graphs, DataOptions data) {
  for (const Graph& graph : graphs) {
    if (!graph.metadata(kPreprocessKey)) continue;
    const Preprocess stored = requestedPreprocess(graph, data.preprocess);
    data.preprocess.file.clear();
    data.preprocess.fields.clear();
    data.preprocess.json = toJson(stored);
    break;
  }
  return data;
}

std::string table(const std::vector<Row>& rows, bool with_latency) {
  size_t width = 5;
  for (const Row& row : rows) width = std::max(width, row.path.string().size());
  std::string text =
      fmt::format("{:<{}}  {:>8}  {:>8}  {:>9}  {:>9}", "model", width, "top-1", "top-5", "same", "size");
  text += with_latency ? fmt::format("  {:>9}  {:>9}  {:>9}\n", "p50", "p90", "buffers") : "\n";
  for (const Row& row : rows) {
    const bool labelled = row.accuracy.samples > 0;
    text += fmt::format("{:<{}}  {:>8}  {:>8}  {:>9}  {:>9}", row.path.string(), width,
                        labelled ? fmt::format("{:.2f} %", row.accuracy.top1Percent()) : "-",
                        labelled ? fmt::format("{:.2f} %", row.accuracy.top5Percent()) : "-",
                        fmt::format("{:.2f} %", samePercent(row.accuracy, rows.front().accuracy)),
                        humanSize(std::filesystem::file_size(row.path)));
    text += with_latency ? fmt::format("  {:>6.2f} ms  {:>6.2f} ms  {:>9}\n", row.latency.p50, row.latency.p90,
                                       humanSize(row.latency.buffer_bytes))
                         : "\n";
  }
  return text;
}

}  // namespace

ExitCode evalCommand(const EvalOptions& options, const Console& console) {
  std::vector<Graph> graphs;
  for (const auto& path : options.models) {
    graphs.push_back(load(path));
    runPasses(graphs.back(), preparationPasses());
  }
  const auto dataset = openData(graphs.front(), withStoredPreprocess(graphs, options.data));

  std::vector<Row> rows;
  std::vector<const Graph*> timed;
  for (size_t i = 0; i < graphs.size(); ++i) {
    const auto progress = console.progress("evaluating " + options.models[i].filename().string());
    rows.push_back({options.models[i], measureAccuracy(graphs[i], options.backend, *dataset, progress), {}});
    timed.push_back(&graphs[i]);
  }
  if (options.latency_runs > 0) {
    const auto latencies = measureLatency(timed, *dataset, options.latency_runs);
    for (size_t i = 0; i < rows.size(); ++i) rows[i].latency = latencies[i];
  }
  console.out << fmt::format("{} ({} backend)\n", dataset->description(), toString(options.backend))
              << table(rows, options.latency_runs > 0);
  if (!options.isa_effects) return ExitCode::kOk;
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string name = options.models[i].filename().string();
    const size_t count = std::min(dataset->size(), kMostProbedSamples);
    const auto effects = measureIsaEffects(graphs[i], *dataset, count, console.progress("layers of " + name));
    std::optional<Accuracy> accuracy;
    if (!effects.layers.empty()) {
      accuracy = measureAccuracy(graphs[i], Backend::kSaturating, *dataset, console.progress("saturating " + name));
    }
    console.out << isaEffectsText(options.models[i].string(), rows[i].accuracy, accuracy, effects);
  }
  return ExitCode::kOk;
}

}  // namespace quant
