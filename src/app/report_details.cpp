#include "app/report_details.h"

#include <algorithm>

#include "app/mode.h"
#include "calibration/range_table.h"
#include "eval/layers.h"
#include "quantizer/weights.h"
#include "runtime/macs.h"

namespace quant {

namespace {

/// Layers are run on kernels that saturate, which are slow, on so many samples at most.
constexpr size_t kMostIsaSamples = 4;
constexpr int kTimedRuns = 30;

/// Of a model whose runs take long, fewer are timed: nobody waits minutes for a page.
constexpr double kMostSeconds = 2;

std::vector<std::vector<size_t>> inputsOfNodes(const Graph& graph, const QuantizationPlan& plan) {
  std::map<std::string, size_t> rows;
  for (size_t i = 0; i < plan.nodes.size(); ++i) rows[plan.nodes[i].output] = i;
  std::vector<std::vector<size_t>> inputs(plan.nodes.size());
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    const Node* node = graph.producer(plan.nodes[i].output);
    if (node == nullptr) continue;
    std::vector<std::string> read(node->proto().input().begin(), node->proto().input().end());
    read.insert(read.end(), node->captures().begin(), node->captures().end());
    for (const std::string& value : read) {
      const Node* producer = value.empty() ? nullptr : graph.producer(value);
      const auto row = producer == nullptr ? rows.end() : rows.find(keyOf(*producer));
      if (row == rows.end() || std::ranges::count(inputs[i], row->second) > 0) continue;
      inputs[i].push_back(row->second);
    }
  }
  return inputs;
}

std::vector<WeightRanges> weightRanges(const Graph& graph, const QuantizationPlan& plan) {
  std::vector<WeightRanges> ranges;
  for (const NodePlacement& row : plan.nodes) {
    const Node* node = graph.producer(row.output);
    const int input = node == nullptr ? -1 : weightsInput(*node);
    if (input < 0 || input >= node->inputCount()) continue;
    const Tensor* weights = graph.constant(node->input(input));
    if (weights == nullptr || weights->type() != DataType::kFloat32 || weights->rank() < 2) continue;
    const int64_t axis = outputChannelAxis(*node, weights->rank());
    ranges.push_back({row.output, node->input(input), maxAbsAlong(*weights, axis)});
  }
  return ranges;
}

MethodOptions methodOptions(const QuantizeOptions& options) {
  return {options.calibration.percentile, options.int8.symmetric_activations, options.int8.activation_type};
}

std::map<std::string, ObservedValue> observedValues(const ModeRun& run) {
  std::map<std::string, ObservedValue> values;
  StatisticsTable shown;
  for (const auto& [name, params] : run.report.plan.activations) {
    const auto found = run.statistics.find(name);
    if (found == run.statistics.end() || !found->second.hasHistogram()) continue;
    values[name].seen = observe(found->second, params);
    shown.insert(*found);
  }
  for (const CalibrationMethod& method : calibrationMethods()) {
    const RangeTable ranges = makeRangeTable(shown, method, methodOptions(run.options), 0);
    for (const auto& [name, entry] : ranges.values) values[name].methods.emplace(method.name, entry.range);
  }
  return values;
}

}  // namespace

ReportDetails describePlan(const ModeRun& run) {
  const QuantizationPlan& plan = run.report.plan;
  return {inputsOfNodes(run.graph, plan), observedValues(run), weightRanges(run.graph, plan), {}, {}, {}, {}, {}};
}

void measureDetails(ReportDetails& details, const ModeRun& run, const Graph& quantized, const Dataset& dataset,
                    size_t samples) {
  const Subject real{"float", &run.runnable(), &dataset}, small{"quantized", &quantized, &dataset};
  LatencyOptions latency;
  latency.runs = kTimedRuns;
  latency.most_seconds = kMostSeconds;
  const auto latencies = measureLatency({real, small}, latency);
  details.float_latency = latencies[0].batches.front();
  details.latency = latencies[1].batches.front();
  LayerOptions layers;
  layers.samples = std::min(samples, layers.samples);
  layers.most_seconds = kMostSeconds / 2;
  details.float_layers = measureLayers(real, nullptr, layers);
  layers.progress = run.console.progress("layers");
  details.layers = measureLayers(small, &real, layers);
  IsaEffects effects = measureIsaEffects(quantized, dataset, std::min(samples, kMostIsaSamples),
                                         run.console.progress("layers without VNNI"));
  if (!effects.layers.empty()) details.isa = std::move(effects);
}

}  // namespace quant
