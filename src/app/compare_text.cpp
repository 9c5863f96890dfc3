#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "app/compare_printers.h"
#include "app/table.h"

namespace quant {

namespace {

constexpr size_t kMostAdding = 10;
constexpr size_t kMostNamed = 4;
constexpr size_t kMostNameWidth = 40;
constexpr size_t kUnlimited = SIZE_MAX;

std::string decibelsOrDash(const std::optional<double>& value) { return value ? decibels(*value) : "-"; }

/// Names of exported models are paths: the first parts say where in the network, the last ones what.
std::string shortened(const std::string& name, size_t width) {
  if (name.size() <= width) return name;
  const size_t kept = width - 3, front = kept / 2;
  return name.substr(0, front) + "..." + name.substr(name.size() - (kept - front));
}

std::string opOf(const ValueSource& source) { return source.op_type.empty() ? "input" : source.op_type; }

/// "Conv 'conv1'"
std::string nodeText(const ValueSource& source) {
  return source.op_type.empty() ? "an input" : fmt::format("{} '{}'", source.op_type, source.node);
}

Table networkTable(const CompareReport& report, size_t name_width) {
  const std::string& first = report.models[0].name;
  const std::string& second = report.models[1].name;
  Table table{"along the network",
              {"value", "in the first", "in the second", "as", "arrives", "SQNR", "added", "cosine", "max error"},
              {},
              {}};
  for (const ValueDifference& value : report.comparison.values) {
    table.rows.push_back({shortened(value.baseline.value, name_width), opOf(value.baseline), opOf(value.other),
                          value.type, decibelsOrDash(arrivingSqnr(report.comparison, value)), decibels(value.sqnr),
                          decibelsOrDash(value.added_sqnr), fmt::format("{:.5f}", value.cosine),
                          fmt::format("{:.4g}", value.max_error)});
  }
  table.notes = {fmt::format("values of {} as {} has them", first, second),
                 "arrives: SQNR of the farthest value that it is computed from",
                 "added: SQNR of what both models make of the same inputs"};
  return table;
}

Table addingTable(const CompareReport& report, size_t name_width) {
  Table table{
      "nodes that add most", {"node", "op", "runs as", "node of the second", "added", "arrives", "SQNR"}, {}, {}};
  for (const size_t i : largestAddedLosses(report.comparison, kMostAdding)) {
    const ValueDifference& value = report.comparison.values[i];
    const std::string node = value.baseline.op_type.empty() ? value.baseline.value : value.baseline.node;
    table.rows.push_back({shortened(node, name_width), opOf(value.baseline), opOf(value.other),
                          shortened(value.other.node, name_width), decibelsOrDash(value.added_sqnr),
                          decibelsOrDash(arrivingSqnr(report.comparison, value)), decibels(value.sqnr)});
  }
  return table;
}

Table outputTable(const CompareReport& report) {
  Table table{"outputs", {"output", "SQNR", "cosine", "max error", "mean error"}, {}, {}};
  for (const OutputError& error : report.comparison.outputs) {
    table.rows.push_back({error.output, decibels(error.sqnr), cell(error.cosine, fmt::format("{:.6f}", error.cosine)),
                          cell(error.max_error, fmt::format("{:.4g}", error.max_error)),
                          cell(error.mean_error, fmt::format("{:.4g}", error.mean_error))});
    if (error.other_shapes > 0) {
      table.notes.push_back(
          fmt::format("'{}' differs in shape in {} of {} samples, which are left out: {} in the first of them",
                      error.output, error.other_shapes, report.comparison.samples, error.other_shape));
    }
    if (error.new_non_finite > 0) {
      table.notes.push_back(fmt::format("{} elements of '{}' are NaN or infinite only in {}", error.new_non_finite,
                                        error.output, report.models[1].name));
    }
  }
  return table;
}

/// Where the models part, in one sentence.
std::string partingText(const CompareReport& report) {
  const auto& values = report.comparison.values;
  const auto first = firstBelow(report.comparison, report.below);
  if (!first) {
    const auto worst = std::ranges::min_element(values, {}, &ValueDifference::sqnr);
    if (worst->sqnr == INFINITY) return "All compared values are equal.";
    return fmt::format("No value is under {:g} dB; the farthest is '{}' ({}) with {}.", report.below,
                       worst->baseline.value, nodeText(worst->baseline), decibels(worst->sqnr));
  }
  const ValueDifference& value = values[*first];
  std::string text = fmt::format("They part at '{}' ({}), the first value under {:g} dB: {}", value.baseline.value,
                                 nodeText(value.baseline), report.below, decibels(value.sqnr));
  if (const auto arriving = arrivingSqnr(report.comparison, value)) {
    text += *arriving == INFINITY ? ", from equal inputs" : fmt::format(", of {} that arrive", decibels(*arriving));
  }
  return text + ".";
}

/// Which node loses most by itself; empty when none loses anything.
std::string mostAddedText(const CompareReport& report) {
  const auto adding = largestAddedLosses(report.comparison, 1);
  if (adding.empty()) return "";
  const ValueDifference& value = report.comparison.values[adding.front()];
  const bool same_node = value.other.node == value.baseline.node || value.baseline.op_type.empty();
  return fmt::format(" Most is added by {}{}: {} by itself.", nodeText(value.baseline),
                     same_node ? "" : fmt::format(" (runs as {})", nodeText(value.other)), decibels(*value.added_sqnr));
}

/// "Gelu 'g1', Add 'a2' and 3 more"
std::string listOf(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kMostNamed);
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<ptrdiff_t>(shown), ", "));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

std::vector<std::string> nodesOf(const std::vector<ValueSource>& sources) {
  std::vector<std::string> names;
  for (const ValueSource& source : sources) names.push_back(nodeText(source));
  return names;
}

/// What is not in the table, a line each.
std::vector<std::string> remainders(const CompareReport& report) {
  const ModelComparison& comparison = report.comparison;
  const std::string& first = report.models[0].name;
  const std::string& second = report.models[1].name;
  std::vector<std::string> lines;
  const auto add = [&](const std::string& what, const std::vector<std::string>& names) {
    if (!names.empty()) lines.push_back(fmt::format("{} {}: {}", names.size(), what, listOf(names)));
  };
  add(fmt::format("inside of a step of {}", second), comparison.inside_steps);
  add(fmt::format("of another shape in {}", second), comparison.other_shape);
  add(fmt::format("only in {}", first), nodesOf(comparison.only_baseline));
  add(fmt::format("only in {}", second), nodesOf(comparison.only_other));
  return lines;
}

std::vector<Table> tablesOf(const CompareReport& report, size_t name_width) {
  std::vector<Table> tables = {networkTable(report, name_width), addingTable(report, name_width), outputTable(report)};
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  return tables;
}

}  // namespace

std::string compareReportText(const CompareReport& report) {
  std::string text = fmt::format("{} -> {}; {}\n", report.models[0].name, report.models[1].name, report.data);
  if (!report.preprocess.empty()) text += fmt::format("pictures {}\n", report.preprocess);
  for (const std::string& line : report.not_run) text += line + '\n';
  for (const Table& table : tablesOf(report, kMostNameWidth)) text += fmt::format("\n{}", plainTable(table));
  const auto lines = remainders(report);
  text +=
      fmt::format("\n{} values compared{}\n", report.comparison.values.size(), lines.empty() ? "" : "; not compared:");
  for (const std::string& line : lines) text += fmt::format("  {}\n", line);
  return text + partingText(report) + mostAddedText(report) + '\n';
}

std::string compareReportMarkdown(const CompareReport& report) {
  std::string text = fmt::format("# Comparison\n\n- Models: {} -> {}\n- Data: {}\n- {}\n", report.models[0].name,
                                 report.models[1].name, report.data, partingText(report) + mostAddedText(report));
  if (!report.preprocess.empty()) text += fmt::format("- Pictures: {}\n", report.preprocess);
  for (const std::string& line : report.not_run) text += fmt::format("- {}\n", line);
  for (const std::string& line : remainders(report)) text += fmt::format("- Not compared: {}\n", line);
  text += '\n';
  for (const Table& table : tablesOf(report, kUnlimited)) text += markdownTable(table);
  return text;
}

}  // namespace quant
