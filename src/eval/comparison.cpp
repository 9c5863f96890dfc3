#include "eval/comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "eval/summarize.h"
#include "eval/value_comparison.h"
#include "runtime/executor.h"

namespace quant {

namespace {

ValueSource sourceOf(const Graph& graph, const std::string& value) {
  const Node* node = graph.producer(value);
  return node == nullptr ? ValueSource{value, "", ""} : ValueSource{value, node->label(), node->opType()};
}

std::vector<ValueSource> sourcesOf(const Graph& graph, const std::vector<std::string>& values) {
  std::vector<ValueSource> sources;
  for (const std::string& value : values) sources.push_back(sourceOf(graph, value));
  return sources;
}

/// For each of `values` those of them that it is computed from, with none of them between.
std::vector<std::vector<size_t>> directInputs(const Graph& graph, const std::vector<ValueDifference>& values) {
  std::map<std::string, size_t> numbers;
  for (size_t i = 0; i < values.size(); ++i) numbers.emplace(values[i].baseline.value, i);
  std::vector<std::vector<size_t>> inputs(values.size());
  std::map<std::string, std::set<size_t>> origins;  // by value: itself, or the nearest ones before it
  for (const auto& [value, number] : numbers) {
    if (graph.isInput(value)) origins[value] = {number};
  }
  for (const Node* node : graph.nodes()) {
    std::vector<std::string> read = node->captures();
    for (int i = 0; i < node->inputCount(); ++i) read.push_back(node->input(i));
    std::set<size_t> from;
    for (const std::string& value : read) from.insert(origins[value].begin(), origins[value].end());
    for (int i = 0; i < node->outputCount(); ++i) {
      const auto found = numbers.find(node->output(i));
      if (found != numbers.end()) inputs[found->second].assign(from.begin(), from.end());
      origins[node->output(i)] = found == numbers.end() ? from : std::set{found->second};
    }
  }
  return inputs;
}

ValueDifference differenceOf(const ComparedValue& compared, const Graph& baseline, const Graph& lowered) {
  ValueDifference value;
  value.baseline = sourceOf(baseline, compared.match.baseline.name);
  value.other = sourceOf(lowered, compared.match.actual.name);
  value.type = toString(compared.type);
  value.sqnr = compared.agreement.sqnr();
  value.cosine = compared.agreement.cosine();
  value.max_error = compared.agreement.maxError();
  value.new_non_finite = compared.agreement.newNonFinite();
  if (compared.added.elements() > 0) value.added_sqnr = compared.added.sqnr();
  return value;
}

std::string shapeText(const Graph& graph, const std::string& value) {
  const auto type = graph.valueType(value);
  return type && type->shape ? toString(*type->shape) : "of unknown shape";
}

/// The first node that computes something, for messages: "Conv 'conv1'".
std::string firstOf(const std::vector<ValueSource>& sources, const Subject& subject) {
  if (sources.empty()) return fmt::format("'{}' computes nothing else", subject.name);
  return fmt::format("'{}' begins with {} '{}'", subject.name, sources.front().op_type, sources.front().node);
}

/// Inputs are matched by their place, whatever the models are.
bool holdsResults(const Graph& baseline, const MatchedNetworks& matched) {
  return !matched.inside_steps.empty() || std::ranges::any_of(matched.values, [&](const MatchedValue& match) {
    return !baseline.isInput(match.baseline.name);
  });
}

void requireMatches(const Subject& baseline, const Subject& other, const MatchedNetworks& matched) {
  if (holdsResults(*baseline.graph, matched)) return;
  throwBadInput(
      "'{}' and '{}' have no value in common: nothing is computed by the same operators from the same values ({}, {}). "
      "compare takes two forms of one network, such as a float model and the int8 model made of it; eval compares "
      "different networks by their results",
      baseline.name, other.name, firstOf(sourcesOf(*baseline.graph, matched.only_baseline), baseline),
      firstOf(sourcesOf(*other.graph, matched.only_other), other));
}

void requireComparable(const Subject& baseline, const Subject& subject, const std::vector<ComparedValue>& values) {
  const auto is_comparable = [](const ComparedValue& value) { return value.agreement.elements() > 0; };
  if (std::ranges::any_of(values, is_comparable)) return;
  const auto other = std::ranges::find(values, false, &ComparedValue::same_shape);
  if (other == values.end()) {
    throwBadInput("'{}' and '{}' have no value in common that exists when both run and holds real numbers",
                  baseline.name, subject.name);
  }
  const MatchedValue& first = other->match;
  throwBadInput(
      "'{}' and '{}' compute their values in different shapes: '{}' is {} in the first, '{}' is {} in the second; "
      "compare takes two forms of one network",
      baseline.name, subject.name, first.baseline.name, shapeText(*baseline.graph, first.baseline.name),
      first.actual.name, shapeText(*subject.graph, first.actual.name));
}

std::vector<OutputError> compareOutputs(const Subject& baseline, const Subject& other) {
  RunOptions run;
  run.metric = Metric::kError;
  run.baseline = 0;
  return outputErrors(runModels({baseline, other}, run).models[1]);
}

}  // namespace

ModelComparison compareModels(const Subject& baseline, const Subject& other, const Progress& progress) {
  const Executor executor(*other.graph);
  const Graph& lowered = executor.lowered();
  MatchedNetworks matched = matchNetworks(*baseline.graph, *other.graph, resultsOf(lowered));
  requireMatches(baseline, other, matched);

  ModelComparison comparison;
  comparison.samples = other.dataset->size();
  comparison.inside_steps = std::move(matched.inside_steps);
  comparison.only_baseline = sourcesOf(*baseline.graph, matched.only_baseline);
  comparison.only_other = sourcesOf(*other.graph, matched.only_other);
  const auto compared =
      compareValues(baseline, other, lowered, std::move(matched.values), {comparison.samples, true, progress});
  requireComparable(baseline, other, compared);
  for (const ComparedValue& value : compared) {
    if (value.agreement.elements() > 0) {
      comparison.values.push_back(differenceOf(value, *baseline.graph, lowered));
    } else {
      (value.same_shape ? comparison.no_reals : comparison.other_shape).push_back(value.match.baseline.name);
    }
  }
  const auto inputs = directInputs(*baseline.graph, comparison.values);
  for (size_t i = 0; i < inputs.size(); ++i) comparison.values[i].inputs = inputs[i];
  comparison.outputs = compareOutputs(baseline, other);
  return comparison;
}

std::optional<double> arrivingSqnr(const ModelComparison& comparison, const ValueDifference& value) {
  std::optional<double> least;
  for (const size_t input : value.inputs) {
    const double sqnr = comparison.values[input].sqnr;
    least = std::min(least.value_or(sqnr), sqnr);
  }
  return least;
}

std::optional<size_t> firstBelow(const ModelComparison& comparison, double decibels) {
  const auto found =
      std::ranges::find_if(comparison.values, [&](const ValueDifference& value) { return value.sqnr < decibels; });
  if (found == comparison.values.end()) return std::nullopt;
  return static_cast<size_t>(found - comparison.values.begin());
}

std::vector<size_t> largestAddedLosses(const ModelComparison& comparison, size_t most) {
  std::vector<size_t> order;
  for (size_t i = 0; i < comparison.values.size(); ++i) {
    const auto& added = comparison.values[i].added_sqnr;
    if (added && *added < INFINITY) order.push_back(i);
  }
  std::ranges::stable_sort(order, {}, [&](size_t i) { return *comparison.values[i].added_sqnr; });
  order.resize(std::min(order.size(), most));
  return order;
}

}  // namespace quant
