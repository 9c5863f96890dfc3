#include <cmath>
#include <nlohmann/json.hpp>

#include "app/quantize_report.h"

namespace quant {

namespace {

using Json = nlohmann::ordered_json;

/// JSON has no infinity: an SQNR without any error is null.
Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json toJson(const NodePlacement& row) {
  return {{"node", row.label}, {"op", row.op_type}, {"treatment", toString(row.treatment)}, {"reason", row.reason}};
}

Json toJson(const Verification& verification) {
  Json outputs = Json::array();
  for (const OutputAgreement& output : verification.outputs) {
    Json entry = {{"output", output.output}};
    if (output.equal) entry["equal"] = *output.equal;
    if (!output.equal) {
      entry["sqnr_db"] = finite(output.agreement.sqnr());
      entry["cosine"] = finite(output.agreement.cosine());
      entry["max_error"] = finite(output.agreement.maxError());
    }
    if (output.agreement.otherShapes() > 0) entry["other_shapes"] = output.agreement.otherShapes();
    if (output.top1) entry["same_top1"] = *output.top1;
    outputs.push_back(std::move(entry));
  }
  return {{"backend", toString(verification.backend)},
          {"samples", verification.samples},
          {"outputs", outputs},
          {"macs", verification.macs.total},
          {"macs_int8", verification.macs.int8},
          {"float_nodes", verification.float_nodes},
          {"seconds", verification.seconds}};
}

Json valuesJson(const QuantizeReport& report) {
  Json values = Json::array();
  for (const auto& [value, params] : report.plan.activations) {
    Json entry = {{"value", value},
                  {"scale", params.scale()},
                  {"zero_point", params.zeroPoint()},
                  {"type", toString(params.storage())}};
    if (report.plan.levels.contains(value)) entry["levelled"] = true;
    if (const auto range = report.ranges.values.find(value); range != report.ranges.values.end()) {
      entry["range"] = {range->second.range.low, range->second.range.high};
      entry["seen"] = {range->second.min, range->second.max};
      entry["non_finite"] = range->second.non_finite;
    }
    values.push_back(std::move(entry));
  }
  return values;
}

/// The channels that were changed against saturation.
Json changedJson(const WeightPlan& weights) {
  Json channels = Json::array();
  for (const ChangedChannel& channel : weights.changed_channels) {
    channels.push_back({{"channel", channel.channel},
                        {"pairs", channel.pairs},
                        {"scale_factor", channel.scale_factor},
                        {"lowered_pairs", channel.lowered}});
  }
  return channels;
}

Json weightsJson(const QuantizationPlan& plan) {
  Json weights = Json::array();
  for (const auto& [output, row] : plan.weights) {
    weights.push_back({{"output", output},
                       {"weights", row.constant},
                       {"scales", row.params.scales()},
                       {"widened_channels", row.widened_channels},
                       {"balanced_integers", row.balanced},
                       {"corrected_bias", !row.bias.empty()},
                       {"channels", row.channels},
                       {"unsafe_pairs", row.unsafePairs()},
                       {"lowered_pairs", row.loweredPairs()},
                       {"changed_channels", changedJson(row)}});
  }
  return weights;
}

Json storedJson(const QuantizationPlan& plan) {
  Json stored = Json::array();
  for (const StoredWeights& weights : plan.stored) {
    Json nodes = Json::array();
    for (const WeightUse& use : weights.uses) nodes.push_back(use.output);
    stored.push_back({{"weights", weights.constant},
                      {"type", toString(weights.storage.type)},
                      {"axis", weights.storage.axis},
                      {"block", weights.storage.block},
                      {"zero_points", weights.storage.zero_points},
                      {"outputs", nodes}});
  }
  return stored;
}

}  // namespace

std::string reportJson(const QuantizeReport& report) {
  Json nodes = Json::array(), verifications = Json::array(), passes = Json::array();
  for (const NodePlacement& row : report.plan.nodes) nodes.push_back(toJson(row));
  for (const Verification& verification : report.verifications) verifications.push_back(toJson(verification));
  for (const PassResult& pass : report.passes) {
    passes.push_back({{"pass", pass.name}, {"changes", pass.changes}, {"seconds", pass.seconds}});
  }
  const Json json = {
      {"format", "quantize-report"},
      {"version", 1},
      {"mode", report.mode},
      {"target", rowOf(report.plan.target).name},
      {"model", {{"path", report.model.string()}, {"bytes", report.model_bytes}}},
      {"output", {{"path", report.output.string()}, {"bytes", report.output_bytes}, {"opset", report.opset}}},
      {"cpu",
       {{"model", report.cpu.model},
        {"isa", report.cpu.isa},
        {"has_vnni", report.cpu.has_vnni},
        {"threads", report.cpu.threads}}},
      {"passes", passes},
      {"calibration",
       {{"method", report.calibration.method},
        {"source", report.calibration.source},
        {"samples", report.calibration.samples},
        {"preprocess", report.calibration.preprocess},
        {"seconds", report.calibration.seconds}}},
      {"nodes", nodes},
      {"values", valuesJson(report)},
      {"weights", weightsJson(report.plan)},
      {"stored_weights", storedJson(report.plan)},
      {"warnings", report.plan.warnings},
      {"verification", verifications},
      {"verified_with", report.verified_with},
      {"not_verified", report.not_verified},
      {"not_run", report.not_run},
      {"seconds", report.total_seconds},
      {"peak_memory_bytes", report.peak_memory},
  };
  return json.dump(2) + "\n";
}

}  // namespace quant
