#include "app/eval_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/files.h"

namespace quant {

namespace {

constexpr size_t kMostRows = 10;  // of tables that show only the extremes

std::string percentText(double value) { return fmt::format("{:.2f} %", value); }

std::string rangeText(const Interval& interval) { return fmt::format("{:.2f} .. {:.2f}", interval.low, interval.high); }

std::string millisecondsText(double value) { return fmt::format("{:.{}f} ms", value, value < 10 ? 3 : 1); }

double share(double part, double whole) { return whole == 0 ? 0 : part / whole; }

const ModelResult* baselineOf(const EvalReport& report) {
  return report.baseline ? &report.models[*report.baseline] : nullptr;
}

bool isBaseline(const EvalReport& report, const ModelResult& model) { return &model == baselineOf(report); }

/// Whether so many samples show a difference at all.
std::string verdict(const ModelResult& model, const ModelResult& baseline) {
  const AccuracyDrop& drop = *model.drop;
  const int64_t samples = model.accuracy->samples;
  if (drop.isSignificant()) {
    return fmt::format("{} is {} than {}: zero lies outside the 95 % interval of {} samples", model.name,
                       drop.top1 > 0 ? "worse" : "better", baseline.name, samples);
  }
  return fmt::format("{}: {} samples show no difference from {}; a drop of up to {:.2f} points cannot be excluded",
                     model.name, samples, baseline.name, std::max(0.0, drop.top1_interval.high));
}

Table labelledTable(const EvalReport& report) {
  Table table{"accuracy", {"model", "top-1", "95 % interval", "top-5"}, {}, {}};
  const ModelResult* baseline = baselineOf(report);
  if (baseline != nullptr) {
    const std::vector<std::string> more = {"same", "top-1 drop", "95 % interval", "lost", "gained"};
    table.header.insert(table.header.end(), more.begin(), more.end());
  }
  for (const ModelResult& model : report.models) {
    if (!model.accuracy) continue;
    std::vector<std::string> row = {model.name, percentText(model.accuracy->top1Percent()),
                                    rangeText(model.accuracy->top1_interval),
                                    percentText(model.accuracy->top5Percent())};
    if (baseline != nullptr && !model.drop) row.insert(row.end(), {"", "", "", "", ""});
    if (model.drop) {
      row.insert(row.end(), {percentText(*model.same_top1), fmt::format("{:.2f}", model.drop->top1),
                             rangeText(model.drop->top1_interval), fmt::format("{}", model.drop->lost),
                             fmt::format("{}", model.drop->gained)});
      table.notes.push_back(verdict(model, *baseline));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table unlabelledTable(const EvalReport& report) {
  Table table{"agreement", {"model", "same top-1"}, {}, {}};
  for (const ModelResult& model : report.models) {
    if (model.same_top1 && !model.accuracy) table.rows.push_back({model.name, percentText(*model.same_top1)});
  }
  return table;
}

/// Classes with few samples say nothing.
constexpr int64_t kFewestSamples = 10;

Table classTable(const EvalReport& report) {
  Table table{"classes that change most", {"class", "samples"}, {}, {}};
  const ModelResult* baseline = baselineOf(report);
  if (baseline == nullptr || !baseline->accuracy) return table;
  struct Change {
    int64_t most = 0;
    std::vector<std::string> row;
  };
  std::vector<Change> changes;
  for (size_t i = 0; i < baseline->accuracy->classes.size(); ++i) {
    const ClassAccuracy& expected = baseline->accuracy->classes[i];
    if (expected.samples < kFewestSamples) continue;
    const std::string number = fmt::format("{}", expected.label);
    Change change{0, {expected.name.empty() ? number : expected.name, fmt::format("{}", expected.samples)}};
    for (const ModelResult& model : report.models) {
      const int64_t right = model.accuracy->classes[i].top1;
      change.most = std::max(change.most, std::abs(right - expected.top1));
      change.row.push_back(percentText(100 * share(static_cast<double>(right), static_cast<double>(expected.samples))));
    }
    if (change.most > 0) changes.push_back(std::move(change));
  }
  for (const ModelResult& model : report.models) table.header.push_back(model.name);
  std::ranges::stable_sort(changes, std::greater<>(), &Change::most);
  if (changes.size() > kMostRows) changes.resize(kMostRows);
  for (Change& change : changes) table.rows.push_back(std::move(change.row));
  return table;
}

Table vectorTable(const EvalReport& report) {
  Table table{"vectors", {"model", "mean cosine", "least", "of sample", "same nearest", "95 % interval"}, {}, {}};
  for (const ModelResult& model : report.models) {
    if (!model.vectors) continue;
    const VectorAgreement& vectors = *model.vectors;
    table.rows.push_back({model.name, fmt::format("{:.5f}", vectors.cosine_mean),
                          fmt::format("{:.5f}", vectors.cosine_min), vectors.worst_sample,
                          vectors.same_neighbour ? percentText(*vectors.same_neighbour) : "-",
                          vectors.same_neighbour_interval ? rangeText(*vectors.same_neighbour_interval) : "-"});
    table.notes = {"vectors: " + vectors.of};
  }
  return table;
}

Table outputTable(const EvalReport& report) {
  Table table{
      "outputs beside the baseline's", {"model", "output", "SQNR", "cosine", "max error", "mean error"}, {}, {}};
  for (const ModelResult& model : report.models) {
    for (const OutputError& error : model.outputs) {
      table.rows.push_back({model.name, error.output, decibels(error.sqnr),
                            cell(error.cosine, fmt::format("{:.6f}", error.cosine)),
                            cell(error.max_error, fmt::format("{:.4g}", error.max_error)),
                            cell(error.mean_error, fmt::format("{:.4g}", error.mean_error))});
      if (error.other_shapes > 0) {
        table.notes.push_back(
            fmt::format("{}: '{}' has another shape than the baseline's in {} of {} samples, which are left out: {} in "
                        "the first of them",
                        model.name, error.output, error.other_shapes, report.data.samples, error.other_shape));
      }
      if (error.new_non_finite > 0) {
        table.notes.push_back(fmt::format("{}: {} elements of '{}' are NaN or infinite where the baseline's are not",
                                          model.name, error.new_non_finite, error.output));
      }
    }
  }
  return table;
}

/// How many times as fast as the baseline with the same batch size; empty when there is no such time.
std::string speedup(const EvalReport& report, const BatchLatency& latency) {
  const ModelResult* baseline = baselineOf(report);
  if (baseline == nullptr || latency.p50 <= 0) return "";
  const auto found = std::ranges::find(baseline->latency, latency.batch, &BatchLatency::batch);
  return found == baseline->latency.end() ? "" : fmt::format("{:.2f}x", found->p50 / latency.p50);
}

Table latencyTable(const EvalReport& report) {
  Table table{"latency", {"model", "batch", "p50", "p90", "p99", "spread", "samples/s", "speed", "first run"}, {}, {}};
  for (const ModelResult& model : report.models) {
    for (const BatchLatency& latency : model.latency) {
      const bool is_first = &latency == &model.latency.front();
      table.rows.push_back({model.name, fmt::format("{}", latency.batch), millisecondsText(latency.p50),
                            millisecondsText(latency.p90), millisecondsText(latency.p99),
                            millisecondsText(latency.spread), fmt::format("{:.1f}", latency.throughput),
                            speedup(report, latency), is_first ? millisecondsText(model.first_run_ms) : ""});
    }
  }
  if (table.rows.empty()) return table;
  table.notes.push_back(
      fmt::format("{} runs of each in turn, {} thread{}; reading and preparing a sample takes {} more",
                  report.models.front().latency.empty() ? 0 : report.models.front().latency[0].runs, report.cpu.threads,
                  report.cpu.threads == 1 ? "" : "s", millisecondsText(report.data.preprocess_ms)));
  return table;
}

Table sizeTable(const EvalReport& report) {
  Table table{"size", {"model", "file", "ratio", "peak memory", "buffers", "MACs", "int8", "16-bit"}, {}, {}};
  const ModelResult* baseline = baselineOf(report);
  for (const ModelResult& model : report.models) {
    const auto macs = static_cast<double>(model.macs.total);
    const double ratio =
        baseline == nullptr ? 1 : share(static_cast<double>(model.bytes), static_cast<double>(baseline->bytes));
    table.rows.push_back({model.name, humanSize(model.bytes), fmt::format("{:.3f}", ratio),
                          model.peak_memory ? humanSize(*model.peak_memory) : "-",
                          model.buffer_bytes > 0 ? humanSize(model.buffer_bytes) : "-",
                          fmt::format("{:.1f} M", macs * 1e-6),
                          fmt::format("{:.1f} %", 100 * share(static_cast<double>(model.macs.int8), macs)),
                          fmt::format("{:.1f} %", 100 * share(static_cast<double>(model.macs.float16), macs))});
  }
  return table;
}

std::vector<std::string> layerRow(const LayerResult& layer) {
  const bool compared = !layer.baseline_value.empty();
  return {layer.node,
          layer.op_type,
          millisecondsText(layer.milliseconds),
          fmt::format("{:.1f} %", 100 * layer.time_share),
          compared ? decibels(layer.sqnr) : "-",
          compared ? fmt::format("{:.5f}", layer.cosine) : "-",
          compared ? layer.baseline_value : "-"};
}

/// The first rows in the order that `before` gives.
template <class Before>
Table layerTable(std::string title, std::vector<const LayerResult*> layers, Before before) {
  Table table{std::move(title), {"step", "runs as", "time", "share", "SQNR", "cosine", "beside"}, {}, {}};
  std::ranges::stable_sort(layers, before);
  if (layers.size() > kMostRows) layers.resize(kMostRows);
  for (const LayerResult* layer : layers) table.rows.push_back(layerRow(*layer));
  return table;
}

void addLayerTables(std::vector<Table>& tables, const EvalReport& report, const ModelResult& model) {
  std::vector<const LayerResult*> all, compared;
  for (const LayerResult& layer : model.layers) {
    all.push_back(&layer);
    if (!layer.baseline_value.empty()) compared.push_back(&layer);
  }
  const size_t count = compared.size();
  tables.push_back(layerTable(model.name + ": slowest steps", std::move(all),
                              [](const auto* a, const auto* b) { return a->milliseconds > b->milliseconds; }));
  if (isBaseline(report, model)) return;
  tables.push_back(layerTable(model.name + ": farthest from the baseline", std::move(compared),
                              [](const auto* a, const auto* b) { return a->sqnr < b->sqnr; }));
  tables.back().notes.push_back(
      fmt::format("{} of {} steps have a counterpart in the baseline", count, model.layers.size()));
}

}  // namespace

std::vector<Table> evalTables(const EvalReport& report) {
  std::vector<Table> tables = {labelledTable(report), unlabelledTable(report), classTable(report), vectorTable(report),
                               outputTable(report),   latencyTable(report),    sizeTable(report)};
  for (const ModelResult& model : report.models) addLayerTables(tables, report, model);
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  return tables;
}

std::string toString(const GateResult& gate) {
  const std::string unit = gate.unit.empty() ? "" : " " + gate.unit;
  return fmt::format("{} {}: {} has {:.6g}{}", gate.condition, gate.failed ? "failed" : "passed", gate.model,
                     gate.value, unit);
}

}  // namespace quant
