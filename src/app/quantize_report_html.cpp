#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "app/packed_numbers.h"
#include "app/report_html.h"

namespace quant {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostCells = 256;  // of a strip: it is hardly wider on a screen

/// Six digits: more is not to be seen, and costs a third of the page.
Json rounded(double value) {
  return std::isfinite(value) ? Json(std::stod(fmt::format("{:.6g}", value))) : Json(nullptr);
}

/// JSON has no infinity: no error at all is a word.
Json decibels(double sqnr) { return std::isinf(sqnr) && sqnr > 0 ? Json("inf") : rounded(sqnr); }

Json toJson(const Range& range) { return {rounded(range.low), rounded(range.high)}; }

Json toJson(const BatchLatency& latency) {
  return {{"p50", rounded(latency.p50)}, {"p90", rounded(latency.p90)}, {"runs", latency.runs}};
}

Json verificationJson(const Verification& verification) {
  Json outputs = Json::array();
  for (const OutputAgreement& output : verification.outputs) {
    Json entry = {{"output", output.output}, {"text", agreementText(output)}};
    if (output.agreement.elements() > 0) {
      entry["sqnr_db"] = decibels(output.agreement.sqnr());
      entry["cosine"] = rounded(output.agreement.cosine());
    }
    if (output.top1) entry["same_top1"] = *output.top1;
    outputs.push_back(std::move(entry));
  }
  return {{"backend", toString(verification.backend)},
          {"samples", verification.samples},
          {"outputs", std::move(outputs)},
          {"macs", verification.macs.total},
          {"macs_int8", verification.macs.int8},
          {"macs_float16", verification.macs.float16}};
}

// --- nodes --------------------------------------------------------------------------------------------------------

using LayersByValue = std::unordered_map<std::string, const LayerResult*>;

/// The steps by the value of the float graph that they stand for.
LayersByValue byValue(const std::vector<LayerResult>& layers, std::string LayerResult::*value) {
  LayersByValue found;
  for (const LayerResult& layer : layers) {
    if (!(layer.*value).empty()) found.insert_or_assign(layer.*value, &layer);
  }
  return found;
}

void addLayer(Json& node, const LayerResult& layer) {
  node["sqnr"] = decibels(layer.sqnr);
  node["cosine"] = rounded(layer.cosine);
  node["ms"] = rounded(layer.milliseconds);
  node["step"] = layer.op_type;
}

Json nodesJson(const QuantizeReport& report, const ReportDetails& details) {
  const LayersByValue layers = byValue(details.layers, &LayerResult::baseline_value);
  const LayersByValue float_layers = byValue(details.float_layers, &LayerResult::value);
  Json nodes = Json::array();
  for (size_t i = 0; i < report.plan.nodes.size(); ++i) {
    const NodePlacement& row = report.plan.nodes[i];
    Json node = {{"label", row.label},   {"op", row.op_type},   {"treatment", toString(row.treatment)},
                 {"reason", row.reason}, {"value", row.output}, {"inputs", Json::array()}};
    if (i < details.inputs.size()) node["inputs"] = details.inputs[i];
    if (const auto layer = layers.find(row.output); layer != layers.end()) addLayer(node, *layer->second);
    if (const auto layer = float_layers.find(row.output); layer != float_layers.end()) {
      node["msFloat"] = rounded(layer->second->milliseconds);
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

// --- values and weights -------------------------------------------------------------------------------------------

void addObserved(Json& entry, const ObservedValue& observed) {
  const Observed& seen = observed.seen;
  entry["clipped"] = rounded(seen.clipped);
  entry["alone"] = decibels(seen.sqnr);
  for (const auto& [method, range] : observed.methods) entry["methods"][method] = toJson(range);
  if (seen.bins.counts.empty()) return;
  entry["hist"] = {{"width", seen.bins.width},
                   {"zero", seen.bins.zero},
                   {"zeros", seen.bins.zeros},
                   {"counts", packCounts(seen.bins.counts)}};
}

Json valuesJson(const QuantizeReport& report, const ReportDetails& details) {
  std::unordered_map<std::string, size_t> nodes;
  for (size_t i = 0; i < report.plan.nodes.size(); ++i) nodes[report.plan.nodes[i].output] = i;
  Json values = Json::array();
  for (const auto& [value, params] : report.plan.activations) {
    const Range range = params.representable();
    Json entry = {{"name", value},
                  {"node", nullptr},
                  {"type", toString(params.storage())},
                  {"scale", rounded(params.scale())},
                  {"zero_point", params.zeroPoint()},
                  {"low", rounded(range.low)},
                  {"high", rounded(range.high)}};
    if (const auto node = nodes.find(value); node != nodes.end()) entry["node"] = node->second;
    if (report.plan.levels.contains(value)) entry["levelled"] = true;
    if (const auto seen = report.ranges.values.find(value); seen != report.ranges.values.end()) {
      entry["seen"] = {rounded(seen->second.min), rounded(seen->second.max)};
      entry["elements"] = seen->second.elements;
      entry["non_finite"] = seen->second.non_finite;
    }
    if (const auto found = details.values.find(value); found != details.values.end()) {
      addObserved(entry, found->second);
    }
    values.push_back(std::move(entry));
  }
  return values;
}

/// Neighbouring channels share a cell, which shows the largest, where there are more than cells.
std::vector<float> cellsOf(const std::vector<float>& channels) {
  if (channels.size() <= kMostCells) return channels;
  std::vector<float> cells(kMostCells, 0);
  for (size_t i = 0; i < channels.size(); ++i) {
    float& cell = cells[i * kMostCells / channels.size()];
    cell = std::max(cell, channels[i]);
  }
  return cells;
}

Json weightsJson(const QuantizeReport& report, const ReportDetails& details) {
  std::unordered_map<std::string, std::string> labels;
  for (const NodePlacement& row : report.plan.nodes) labels[row.output] = row.label;
  Json weights = Json::array();
  for (const WeightRanges& row : details.weights) {
    if (row.largest.empty()) continue;
    const float largest = std::ranges::max(row.largest);
    weights.push_back({{"label", labels[row.node]},
                       {"constant", row.constant},
                       {"channels", row.largest.size()},
                       {"largest", rounded(largest)},
                       {"sizes", packSizes(cellsOf(row.largest), largest)}});
  }
  return weights;
}

Json saturationJson(const ReportDetails& details) {
  if (!details.isa) return nullptr;
  Json layers = Json::array();
  for (const LayerEffect& layer : details.isa->layers) {
    layers.push_back({{"label", layer.node},
                      {"op", layer.op_type},
                      {"changed", rounded(layer.changed)},
                      {"levels", layer.max_change},
                      {"sqnr", decibels(layer.sqnr)}});
  }
  return {{"samples", details.isa->samples}, {"layers", std::move(layers)}};
}

Json latencyJson(const ReportDetails& details) {
  if (!details.float_latency || !details.latency) return nullptr;
  return {{"float", toJson(*details.float_latency)}, {"quantized", toJson(*details.latency)}};
}

Json passesJson(const std::vector<PassResult>& passes) {
  Json list = Json::array();
  for (const PassResult& pass : passes) list.push_back({{"pass", pass.name}, {"changes", pass.changes}});
  return list;
}

}  // namespace

std::string quantizeReportHtml(const QuantizeReport& report) {
  const ReportDetails details = report.details.value_or(ReportDetails{});
  Json verifications = Json::array();
  for (const Verification& row : report.verifications) verifications.push_back(verificationJson(row));
  const auto& calibration = report.calibration;
  const Json json = {
      {"format", "quantize-report-page"},
      {"mode", report.mode},
      {"target", calibration.method.empty() ? "" : rowOf(report.plan.target).name},
      {"model", {{"path", report.model.string()}, {"bytes", report.model_bytes}}},
      {"output", {{"path", report.output.string()}, {"bytes", report.output_bytes}, {"opset", report.opset}}},
      {"cpu",
       {{"model", report.cpu.model},
        {"isa", report.cpu.isa},
        {"has_vnni", report.cpu.has_vnni},
        {"threads", report.cpu.threads}}},
      {"calibration",
       {{"method", calibration.method},
        {"source", calibration.source},
        {"preprocess", calibration.preprocess},
        {"seconds", rounded(calibration.seconds)}}},
      {"verification", std::move(verifications)},
      {"verified_with", report.verified_with},
      {"not_verified", report.not_verified},
      {"not_run", report.not_run},
      {"latency", latencyJson(details)},
      {"passes", passesJson(report.passes)},
      {"warnings", report.plan.warnings},
      {"nodes", nodesJson(report, details)},
      {"tensors", valuesJson(report, details)},
      {"weights", weightsJson(report, details)},
      {"saturation", saturationJson(details)},
      {"seconds", rounded(report.total_seconds)},
      {"peak_memory_bytes", report.peak_memory},
  };
  return reportPage(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace quant
