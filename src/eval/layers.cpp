#include "eval/layers.h"

#include <map>
#include <numeric>

#include "core/interrupt.h"
#include "eval/latency.h"
#include "eval/statistics.h"
#include "eval/value_comparison.h"
#include "runtime/executor.h"

namespace quant {

namespace {

/// A step that fails to say what it makes is shown without a type.
std::string typeName(DataType type) { return type == DataType::kUndefined ? "" : std::string(toString(type)); }

/// What one run of all steps tells: their median times, and their results' types.
struct StepMeasurements {
  std::vector<double> milliseconds;
  std::map<std::string, DataType> types;
};

StepMeasurements measureSteps(const Subject& subject, const Graph& lowered, const LayerOptions& options) {
  const Sample sample = subject.dataset->load(0);
  Executor executor(lowered, {Backend::kOneDnn, {}, false, true});
  executor.run(sample.inputs);  // compiles
  executor.run(sample.inputs);
  const double once = std::accumulate(executor.stepTimes().begin(), executor.stepTimes().end(), 0.0);
  const int runs = runsWithin(options.most_seconds, once, options.runs);
  std::vector<std::vector<double>> times(lowered.nodeCount());
  for (int run = 0; run < runs; ++run) {
    throwIfInterrupted();
    executor.run(sample.inputs);
    for (size_t i = 0; i < times.size(); ++i) times[i].push_back(executor.stepTimes()[i]);
  }
  StepMeasurements result;
  for (const auto& list : times) result.milliseconds.push_back(quantile(list, 0.5));

  std::set<std::string> outputs;
  for (const Node* node : lowered.nodes()) outputs.insert(node->output());
  Executor watching(lowered, {Backend::kOneDnn, outputs, false});
  watching.run(sample.inputs,
               [&](const std::string& name, const Tensor& tensor) { result.types.emplace(name, tensor.type()); });
  return result;
}

void addComparison(LayerResult& layer, const ComparedValue& compared) {
  layer.baseline_value = compared.match.baseline.name;
  layer.sqnr = compared.agreement.sqnr();
  layer.cosine = compared.agreement.cosine();
  layer.max_error = compared.agreement.maxError();
}

/// By the names of the model's values.
std::map<std::string, ComparedValue> compareSteps(const Subject& subject, const Subject& baseline, const Graph& lowered,
                                                  const LayerOptions& options) {
  auto matches = matchValues(*baseline.graph, *subject.graph, resultsOf(lowered));
  std::map<std::string, ComparedValue> result;
  for (ComparedValue& value :
       compareValues(baseline, subject, lowered, std::move(matches), {options.samples, false, options.progress})) {
    const std::string name = value.match.actual.name;
    if (value.agreement.elements() > 0) result.emplace(name, std::move(value));
  }
  return result;
}

}  // namespace

std::vector<LayerResult> measureLayers(const Subject& subject, const Subject* baseline, const LayerOptions& options) {
  const Executor executor(*subject.graph);
  const Graph lowered = executor.lowered().clone();
  const StepMeasurements steps = measureSteps(subject, lowered, options);
  std::map<std::string, ComparedValue> comparisons;
  if (baseline != nullptr) comparisons = compareSteps(subject, *baseline, lowered, options);

  const double total = std::accumulate(steps.milliseconds.begin(), steps.milliseconds.end(), 0.0);
  std::vector<LayerResult> layers;
  for (const Node* node : lowered.nodes()) {
    LayerResult layer;
    const auto type = steps.types.find(node->output());
    layer.node = node->label();
    layer.op_type = node->opType();
    layer.type = typeName(type == steps.types.end() ? DataType::kUndefined : type->second);
    layer.value = node->output();
    layer.milliseconds = steps.milliseconds[layers.size()];
    layer.time_share = total > 0 ? layer.milliseconds / total : 0;
    const auto comparison = comparisons.find(node->output());
    if (comparison != comparisons.end()) addComparison(layer, comparison->second);
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace quant
