#include "eval/output_choice.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "core/error.h"

namespace quant {

namespace {

constexpr int64_t kBoxSides = 4;

std::string shapeText(const Shape& shape) {
  std::vector<std::string> sizes;
  for (const int64_t size : shape) sizes.push_back(size < 0 ? "?" : fmt::format("{}", size));
  return fmt::format("[{}]", fmt::join(sizes, ","));
}

std::optional<Shape> shapeOf(const Graph& graph, const std::string& value) {
  const auto type = graph.valueType(value);
  return type ? type->shape : std::nullopt;
}

bool isNamedBoxes(const std::string& name) {
  std::string lower;
  for (const char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower.find("box") != std::string::npos;
}

/// The output that has four numbers for each element of `shape`: [n,4] beside [n], [1,n,4] beside [1,n].
std::optional<std::string> boxesBeside(const Graph& graph, Shape shape) {
  shape.push_back(kBoxSides);
  for (const auto& output : graph.outputs()) {
    const auto type = graph.valueType(output);
    if (type && type->shape == shape && isFloatingPoint(type->type)) return output;
  }
  return {};
}

/// An output with one real number for each row of a table of boxes.
std::optional<std::string> rowScoresBeside(const Graph& graph, const Shape& shape) {
  if (shape.size() != 2 || shape.back() != kBoxSides) return {};
  for (const auto& output : graph.outputs()) {
    const auto type = graph.valueType(output);
    if (type && type->shape == Shape{shape[0]} && isFloatingPoint(type->type)) return output;
  }
  return {};
}

/// Samples that are batches of one may come in larger batches as well.
bool mayBeBatched(const Graph& graph) {
  return std::ranges::any_of(graph.inputs(), [&](const std::string& input) {
    const auto shape = shapeOf(graph, input);
    return !shape || (!shape->empty() && shape->front() < 0);
  });
}

/// [C], [N,C] or [N,C,1,1], with more than one class.
std::string whyNoRow(const Graph& graph, const Shape& shape) {
  const auto is_one = [](int64_t size) { return size == 1; };
  if (std::ranges::all_of(shape, is_one)) return "is a single number";
  if (shape.size() == 1) return shape[0] < 0 ? "has as many elements as the sample gives" : "";
  if (shape[1] == 1 || !std::all_of(shape.begin() + 2, shape.end(), is_one)) return "is no row of numbers";
  if (shape[0] > 1) return fmt::format("has {} rows", shape[0]);
  if (shape[0] < 0 && !mayBeBatched(graph)) return "has as many rows as the sample gives";
  return "";
}

size_t indexOf(const Graph& graph, const std::string& name) {
  const auto outputs = graph.outputs();
  const auto found = std::ranges::find(outputs, name);
  if (found == outputs.end()) {
    throwBadInput("the model has no output '{}'; it has '{}'", name, fmt::join(outputs, "', '"));
  }
  return static_cast<size_t>(found - outputs.begin());
}

/// How well the number of an output's scores suits that of the labels' classes.
int fitOf(const Graph& graph, size_t index, const std::optional<size_t>& classes) {
  const auto shape = shapeOf(graph, graph.outputs()[index]);
  if (!shape) return 1;  // anything may come out
  const int64_t scores = shape->size() == 1 ? shape->front() : (*shape)[1];
  if (!classes || scores < 0) return 2;
  const auto wanted = static_cast<int64_t>(*classes);
  return scores == wanted ? 3 : scores > wanted ? 2 : 0;
}

/// Of outputs that fit equally well the first.
std::optional<size_t> findScores(const Graph& graph, const ChoiceWishes& wishes) {
  std::optional<size_t> best;
  const size_t count = wishes.has_labels ? graph.outputs().size() : std::min<size_t>(graph.outputs().size(), 1);
  for (size_t i = 0; i < count; ++i) {
    const bool is_known = shapeOf(graph, graph.outputs()[i]).has_value();
    if (!whyNoScores(graph, i).empty() || (!is_known && !wishes.has_labels)) continue;
    if (!best || fitOf(graph, i, wishes.classes) > fitOf(graph, *best, wishes.classes)) best = i;
  }
  return best;
}

std::string whyNone(const Graph& graph) {
  std::vector<std::string> reasons;
  const auto outputs = graph.outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto shape = shapeOf(graph, outputs[i]);
    reasons.push_back(
        fmt::format("'{}' {} {}", outputs[i], shape ? shapeText(*shape) : "of unknown shape", whyNoScores(graph, i)));
  }
  return fmt::format("no top-1 and top-5, though there are labels: no output is a row of class scores ({})",
                     fmt::join(reasons, "; "));
}

bool isSentences(const Graph& graph, size_t output) {
  const auto shape = shapeOf(graph, graph.outputs()[output]);
  return shape && shape->size() == 3 && !attentionMaskOf(graph).empty();
}

}  // namespace

std::string whyNoScores(const Graph& graph, size_t index) {
  const std::string name = graph.outputs().at(index);
  const auto type = graph.valueType(name);
  if (type && type->type != DataType::kUndefined && !isFloatingPoint(type->type)) {
    return fmt::format("is {}", toString(type->type));
  }
  if (isNamedBoxes(name)) return "is named like boxes";
  if (!type || !type->shape) return "";
  if (const auto boxes = boxesBeside(graph, *type->shape)) {
    return fmt::format("has a number for each box of '{}'", *boxes);
  }
  if (const auto scores = rowScoresBeside(graph, *type->shape)) {
    return fmt::format("has a row for each number of '{}'", *scores);
  }
  return whyNoRow(graph, *type->shape);
}

OutputChoice chooseOutput(const Graph& graph, const ChoiceWishes& wishes) {
  const std::optional<size_t> named =
      wishes.output.empty() ? std::nullopt : std::optional(indexOf(graph, wishes.output));
  const size_t first = named.value_or(0);
  if (wishes.metric && wishes.metric != Metric::kClasses) return {*wishes.metric, first, ""};
  if (wishes.metric) return {Metric::kClasses, named ? first : findScores(graph, wishes).value_or(0), ""};
  if (graph.outputs().empty()) return {};
  if (isSentences(graph, first)) return {Metric::kVectors, first, ""};
  if (named && whyNoScores(graph, first).empty()) return {Metric::kClasses, first, ""};
  if (!named) {
    if (const auto scores = findScores(graph, wishes)) return {Metric::kClasses, *scores, ""};
  }
  return {Metric::kError, first, wishes.has_labels ? whyNone(graph) : ""};
}

std::string attentionMaskOf(const Graph& graph) {
  for (const auto& name : graph.inputs()) {
    if (name == "attention_mask" || name == "input_mask") return name;
  }
  return "";
}

}  // namespace quant
