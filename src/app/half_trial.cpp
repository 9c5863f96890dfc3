#include "app/half_trial.h"

#include <algorithm>
#include <set>

#include "app/calibrate.h"
#include "app/model_data.h"
#include "calibration/collect.h"
#include "quantizer/apply_float16.h"
#include "quantizer/float_network.h"

namespace quant {

namespace {

/// Of weights. A larger model is not run on made-up numbers: it would have to be in memory twice.
constexpr int64_t kMostBytes = int64_t{1} << 30;

int64_t weightBytes(const Graph& graph) {
  int64_t bytes = 0;
  for (const auto& name : graph.constants()) {
    const auto type = graph.valueType(name);
    bytes += elementCount(*type->shape) * elementSize(type->type);
  }
  return bytes;
}

/// Everything floating that nodes compute.
std::vector<std::string> computedFloats(const Graph& graph) {
  std::vector<std::string> values;
  for (const Node* node : graph.nodes()) {
    for (const auto& name : node->proto().output()) {
      const auto type = name.empty() ? std::nullopt : graph.valueType(name);
      if (type && isFloatingPoint(type->type)) values.push_back(name);
    }
  }
  return values;
}

/// Of everything floating that `graph` computes.
StatisticsTable statisticsOf(const Graph& graph, const Dataset& samples, size_t count) {
  CollectOptions options;
  options.detail = TensorStatistics::Detail::kSummary;
  return collectStatistics(graph, computedFloats(graph), {count, [&](size_t index) { return samples.load(index); }},
                           options);
}

/// The name that a value of the converted graph has in the original one.
std::string originalName(const Graph& original, const Graph& converted, const std::string& value) {
  if (original.producer(value) != nullptr || original.isInput(value) || original.isConstant(value)) return value;
  const Node* writer = converted.producer(value);
  if (writer != nullptr && writer->is("Cast")) return originalName(original, converted, writer->input(0));
  for (const Node* reader : converted.consumers(value)) {
    if (reader->is("Cast") && original.producer(reader->output()) != nullptr) return reader->output();
  }
  return value;
}

std::string keyOf(const Graph& original, const Graph& converted, const Node& node) {
  for (const auto& name : node.proto().output()) {
    if (!name.empty()) return originalName(original, converted, name);
  }
  return node.name();
}

bool isPlanned(const QuantizationPlan& plan, const std::string& key) {
  return std::ranges::any_of(plan.nodes, [&](const NodePlacement& row) { return row.output == key; });
}

}  // namespace

HalfTrial::HalfTrial(const ModeRun& run) : run_(run), samples_(run.dataset) {
  if (run.options.verify_samples == 0) return;
  if (samples_ == nullptr && weightBytes(run.graph) <= kMostBytes) {
    try {
      made_up_ = madeUpData(run.graph, 1);
      samples_ = made_up_.get();
    } catch (const Error&) {
      return;  // the verification will find the same and report it
    }
  }
  if (samples_ != nullptr) count_ = std::min(run.options.verify_samples, samples_->size());
}

std::map<std::string, std::string> HalfTrial::failures(const QuantizationPlan& plan) {
  if (count_ == 0) return {};
  Graph converted = run_.graph.clone();
  applyFloat16(converted, plan);
  converted.inferShapes();
  const Graph runnable = run_.runnableOf(converted.clone());
  try {
    std::map<std::string, int64_t> broken;
    for (const auto& [value, seen] : statisticsOf(runnable, *samples_, count_)) {
      if (seen.summary().non_finite == 0 || !isFiniteInFloat(originalName(run_.graph, converted, value))) continue;
      broken[value] = seen.summary().non_finite;
    }
    return blame(converted, plan, broken);
  } catch (const Error& error) {
    if (error.code() == ExitCode::kInternal) throw;
    return {};
  }
}

/// Where it begins: nodes with a broken result that read no broken value. A cast that this conversion added cannot help
/// it; those that wanted to read in half precision are to blame.
std::map<std::string, std::string> HalfTrial::blame(const Graph& converted, const QuantizationPlan& plan,
                                                    const std::map<std::string, int64_t>& broken) const {
  std::map<std::string, std::string> failed;
  const auto isBroken = [&](const std::string& value) { return broken.contains(value); };
  const std::string_view type = toString(plan.half.type);
  for (const Node* node : converted.nodes()) {
    const auto& inputs = node->proto().input();
    const auto first = std::ranges::find_if(node->proto().output(), isBroken);
    if (first == node->proto().output().end() || std::ranges::any_of(inputs, isBroken)) continue;
    const std::string key = keyOf(run_.graph, converted, *node);
    if (run_.graph.producer(node->output()) != nullptr || !node->is("Cast")) {
      failed[key] =
          fmt::format("gave {} infinite or undefined numbers in {}, none in float32", broken.at(*first), type);
      continue;
    }
    for (const Node* reader : converted.consumers(*first)) {
      const std::string reader_key = keyOf(run_.graph, converted, *reader);
      if (isPlanned(plan, reader_key))
        failed[reader_key] = fmt::format("reads '{}', which leaves the range of {}", key, type);
    }
  }
  return failed;
}

bool HalfTrial::isFiniteInFloat(const std::string& value) {
  if (is_finite_.empty()) {
    for (const auto& [name, seen] : statisticsOf(run_.runnable(), *samples_, count_)) {
      is_finite_[name] = seen.summary().non_finite == 0;
    }
  }
  const auto found = is_finite_.find(value);
  return found == is_finite_.end() || found->second;
}

}  // namespace quant
