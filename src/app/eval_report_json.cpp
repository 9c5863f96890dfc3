#include <cmath>
#include <nlohmann/json.hpp>

#include "app/eval_printers.h"

namespace quant {

namespace {

using Json = nlohmann::ordered_json;

/// JSON has no infinity: an SQNR without any error is null.
Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json toJson(const Interval& interval) { return {interval.low, interval.high}; }

Json textOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json toJson(const AccuracyResult& accuracy) {
  Json classes = Json::array();
  for (const ClassAccuracy& row : accuracy.classes) {
    classes.push_back(
        {{"label", row.label}, {"name", textOrNull(row.name)}, {"samples", row.samples}, {"top1", row.top1}});
  }
  return {{"samples", accuracy.samples},
          {"top1", accuracy.top1},
          {"top5", accuracy.top5},
          {"top1_percent", accuracy.top1Percent()},
          {"top1_interval_percent", toJson(accuracy.top1_interval)},
          {"top5_percent", accuracy.top5Percent()},
          {"classes", classes}};
}

Json toJson(const AccuracyDrop& drop) {
  return {{"top1_points", drop.top1},
          {"top1_interval_points", toJson(drop.top1_interval)},
          {"significant", drop.isSignificant()},
          {"top5_points", drop.top5},
          {"lost", drop.lost},
          {"gained", drop.gained}};
}

Json toJson(const VectorAgreement& vectors) {
  Json json = {{"of", vectors.of},
               {"cosine_mean", vectors.cosine_mean},
               {"cosine_min", vectors.cosine_min},
               {"worst_sample", vectors.worst_sample},
               {"same_neighbour_percent", nullptr},
               {"same_neighbour_interval_percent", nullptr}};
  if (vectors.same_neighbour) json["same_neighbour_percent"] = *vectors.same_neighbour;
  if (vectors.same_neighbour_interval) {
    json["same_neighbour_interval_percent"] = toJson(*vectors.same_neighbour_interval);
  }
  return json;
}

Json toJson(const OutputError& error) {
  return {{"output", error.output},
          {"sqnr_db", finite(error.sqnr)},
          {"cosine", finite(error.cosine)},
          {"max_error", finite(error.max_error)},
          {"mean_error", finite(error.mean_error)},
          {"new_non_finite", error.new_non_finite},
          {"other_shapes", error.other_shapes}};
}

Json toJson(const BatchLatency& latency) {
  return {{"batch", latency.batch},      {"runs", latency.runs},
          {"p50_ms", latency.p50},       {"p90_ms", latency.p90},
          {"p99_ms", latency.p99},       {"mean_ms", latency.mean},
          {"min_ms", latency.min},       {"max_ms", latency.max},
          {"spread_ms", latency.spread}, {"samples_per_second", latency.throughput}};
}

Json toJson(const LayerResult& layer) {
  Json json = {{"node", layer.node},        {"op", layer.op_type},      {"value", layer.value},
               {"type", layer.type},        {"ms", layer.milliseconds}, {"time_share", layer.time_share},
               {"baseline_value", nullptr}, {"sqnr_db", nullptr},       {"cosine", nullptr},
               {"max_error", nullptr}};
  if (layer.baseline_value.empty()) return json;
  json["baseline_value"] = layer.baseline_value;
  json["sqnr_db"] = finite(layer.sqnr);
  json["cosine"] = layer.cosine;
  json["max_error"] = layer.max_error;
  return json;
}

Json toJson(const IsaResult& isa) {
  Json layers = Json::array();
  for (const LayerEffect& layer : isa.effects.layers) {
    layers.push_back({{"node", layer.node},
                      {"op", layer.op_type},
                      {"changed_share", layer.changed},
                      {"max_change_levels", layer.max_change},
                      {"sqnr_db", finite(layer.sqnr)}});
  }
  return {{"same_top1_percent", isa.same_top1 ? Json(*isa.same_top1) : Json(nullptr)},
          {"accuracy", isa.accuracy ? toJson(*isa.accuracy) : Json(nullptr)},
          {"samples", isa.effects.samples},
          {"layers", layers}};
}

Json toJson(const ModelResult& model);
Json toJson(const GateResult& gate);

template <class Row>
Json listOf(const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const Row& row : rows) list.push_back(toJson(row));
  return list;
}

template <class Part>
Json orNull(const std::optional<Part>& part) {
  return part ? toJson(*part) : Json(nullptr);
}

Json toJson(const ModelResult& model) {
  return {{"path", model.path},
          {"name", model.name},
          {"sha256", textOrNull(model.sha256)},
          {"bytes", model.bytes},
          {"opset", model.opset},
          {"mode", textOrNull(model.mode)},
          {"accuracy", orNull(model.accuracy)},
          {"same_top1_percent", model.same_top1 ? Json(*model.same_top1) : Json(nullptr)},
          {"drop", orNull(model.drop)},
          {"vectors", orNull(model.vectors)},
          {"outputs", listOf(model.outputs)},
          {"macs", model.macs.total},
          {"macs_int8", model.macs.int8},
          {"macs_float16", model.macs.float16},
          {"load_ms", model.load_ms},
          {"first_run_ms", model.first_run_ms},
          {"latency", listOf(model.latency)},
          {"buffer_bytes", model.buffer_bytes},
          {"peak_memory_bytes", model.peak_memory ? Json(*model.peak_memory) : Json(nullptr)},
          {"layers", listOf(model.layers)},
          {"isa_effects", orNull(model.isa)}};
}

Json toJson(const GateResult& gate) {
  return {{"condition", gate.condition},
          {"model", gate.model},
          {"value", finite(gate.value)},
          {"unit", gate.unit},
          {"failed", gate.failed}};
}

Json toJson(const EvalReport::Data& data) {
  return {{"path", data.path},
          {"description", data.description},
          {"labels", textOrNull(data.labels)},
          {"sha256", textOrNull(data.sha256)},
          {"samples", data.samples},
          {"preprocess", textOrNull(data.preprocess)},
          {"preprocess_ms", data.preprocess_ms}};
}

}  // namespace

std::string evalReportJson(const EvalReport& report) {
  const Json json = {
      {"format", "quantize-eval-report"},
      {"version", 1},
      {"program", {{"quantize", report.version}, {"onednn", report.onednn_version}}},
      {"arguments", report.arguments},
      {"cpu",
       {{"model", report.cpu.model},
        {"isa", report.cpu.isa},
        {"has_vnni", report.cpu.has_vnni},
        {"threads", report.cpu.threads}}},
      {"backend", report.backend},
      {"data", toJson(report.data)},
      {"metric", toString(report.metric)},
      {"metric_output", textOrNull(report.metric_output)},
      {"baseline", report.baseline ? Json(*report.baseline) : Json(nullptr)},
      {"models", listOf(report.models)},
      {"gates", listOf(report.gates)},
      {"warnings", report.warnings},
      {"seconds", report.seconds},
  };
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace quant
