#include <cmath>
#include <nlohmann/json.hpp>

#include "app/compare_printers.h"

namespace quant {

namespace {

using Json = nlohmann::ordered_json;

/// JSON knows no infinity: equal values have null.
Json decibelsOrNull(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json toJson(const ValueSource& source) {
  return {{"value", source.value}, {"node", source.node}, {"op", source.op_type}};
}

Json toJson(const std::vector<ValueSource>& sources) {
  Json list = Json::array();
  for (const ValueSource& source : sources) list.push_back(toJson(source));
  return list;
}

Json toJson(const ModelComparison& comparison, const ValueDifference& value) {
  Json inputs = Json::array();
  for (const size_t input : value.inputs) inputs.push_back(comparison.values[input].baseline.value);
  return {{"baseline", toJson(value.baseline)},
          {"other", toJson(value.other)},
          {"type", value.type},
          {"inputs", std::move(inputs)},
          {"arriving_sqnr", decibelsOrNull(arrivingSqnr(comparison, value))},
          {"sqnr", decibelsOrNull(value.sqnr)},
          {"added_sqnr", decibelsOrNull(value.added_sqnr)},
          {"cosine", value.cosine},
          {"max_error", value.max_error},
          {"new_non_finite", value.new_non_finite}};
}

Json toJson(const OutputError& error) {
  return {{"output", error.output},
          {"sqnr", decibelsOrNull(error.sqnr)},
          {"cosine", error.cosine},
          {"max_error", error.max_error},
          {"mean_error", error.mean_error},
          {"new_non_finite", error.new_non_finite},
          {"other_shapes", error.other_shapes}};
}

}  // namespace

std::string compareReportJson(const CompareReport& report) {
  const ModelComparison& comparison = report.comparison;
  Json models = Json::array(), values = Json::array(), outputs = Json::array(), adding = Json::array();
  for (const auto& model : report.models) models.push_back({{"path", model.path}, {"name", model.name}});
  for (const ValueDifference& value : comparison.values) values.push_back(toJson(comparison, value));
  for (const OutputError& error : comparison.outputs) outputs.push_back(toJson(error));
  for (const size_t i : largestAddedLosses(comparison, comparison.values.size())) {
    adding.push_back(comparison.values[i].baseline.value);
  }
  const auto first = firstBelow(comparison, report.below);
  const Json json = {
      {"format", "quantize-comparison"},
      {"version", 1},
      {"models", std::move(models)},
      {"data", report.data},
      {"preprocess", report.preprocess},
      {"not_run", report.not_run},
      {"samples", comparison.samples},
      {"below", report.below},
      {"first_below", first ? Json(comparison.values[*first].baseline.value) : Json(nullptr)},
      {"values", std::move(values)},
      {"largest_added_losses", std::move(adding)},
      {"inside_steps", comparison.inside_steps},
      {"other_shape", comparison.other_shape},
      {"no_reals", comparison.no_reals},
      {"only_baseline", toJson(comparison.only_baseline)},
      {"only_other", toJson(comparison.only_other)},
      {"outputs", std::move(outputs)},
  };
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace quant
