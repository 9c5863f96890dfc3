#include "eval/layers.h"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>

#include "core/interrupt.h"
#include "core/workers.h"
#include "eval/as_float.h"
#include "eval/statistics.h"
#include "eval/value_matching.h"
#include "runtime/executor.h"

namespace quant {

namespace {

/// A step that fails to say what it makes is shown without a type.
std::string typeName(DataType type) { return type == DataType::kUndefined ? "" : std::string(toString(type)); }

/// The value as real numbers; nothing when it holds none.
std::optional<Tensor> realOf(const Tensor& tensor, const std::optional<QuantParams>& params) {
  const Tensor plain = convertLayout(tensor, Layout::kPlain);
  if (params && plain.type() == params->storage()) return params->dequantize(plain);
  return isFloatingPoint(plain.type()) ? asFloat(plain) : std::nullopt;
}

/// Both models on one thread, and how near the matched values are.
class ComparedRun {
 public:
  ComparedRun(const Subject& baseline, const Graph& lowered, const Dataset& dataset,
              const std::vector<MatchedValue>& matches)
      : baseline_dataset_(*baseline.dataset), dataset_(dataset), matches_(matches) {
    std::set<std::string> expected, actual;
    for (size_t i = 0; i < matches.size(); ++i) {
      expected.insert(matches[i].baseline.name);
      actual.insert(matches[i].actual.name);
      by_actual_.emplace(matches[i].actual.name, i);
    }
    expected_ = std::make_unique<Executor>(*baseline.graph, ExecutorOptions{Backend::kOneDnn, expected});
    actual_ = std::make_unique<Executor>(lowered, ExecutorOptions{Backend::kOneDnn, actual, false});
  }

  /// By match; without elements where shapes differ, and of values that hold no reals.
  std::vector<Agreement> run(size_t index) {
    NamedTensors values;
    expected_->run(baseline_dataset_.load(index).inputs, [&](const std::string& name, const Tensor& tensor) {
      values.insert_or_assign(name, tensor.clone());  // the executor uses the memory again
    });
    std::vector<Agreement> agreements(matches_.size());
    actual_->run(dataset_.load(index).inputs, [&](const std::string& name, const Tensor& tensor) {
      const size_t match = by_actual_.at(name);
      const auto expected = values.find(matches_[match].baseline.name);
      if (expected == values.end()) return;
      const auto x = realOf(expected->second, matches_[match].baseline.params);
      const auto y = realOf(tensor, matches_[match].actual.params);
      if (x && y && x->shape() == y->shape()) agreements[match].add(*x, *y);
    });
    return agreements;
  }

 private:
  const Dataset& baseline_dataset_;
  const Dataset& dataset_;
  const std::vector<MatchedValue>& matches_;
  std::map<std::string, size_t> by_actual_;
  std::unique_ptr<Executor> expected_, actual_;
};

/// What one run of all steps tells: their median times, and their results' types.
struct StepMeasurements {
  std::vector<double> milliseconds;
  std::map<std::string, DataType> types;
};

StepMeasurements measureSteps(const Subject& subject, const Graph& lowered, int runs) {
  const Sample sample = subject.dataset->load(0);
  Executor executor(lowered, {Backend::kOneDnn, {}, false, true});
  executor.run(sample.inputs);  // compiles
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

/// By the name of the model's value.
struct Comparison {
  std::string baseline_value;
  Agreement agreement;
};

std::map<std::string, Comparison> compareValues(const Subject& subject, const Subject& baseline, const Graph& lowered,
                                                const LayerOptions& options) {
  std::set<std::string> running;
  for (const Node* node : lowered.nodes()) {
    for (int i = 0; i < node->outputCount(); ++i) running.insert(node->output(i));
  }
  const auto matches = matchValues(*baseline.graph, *subject.graph, running);
  const size_t count = std::min(options.samples, subject.dataset->size());
  // Kept by index and summed in order: a sum must not depend on which sample was ready first.
  std::vector<std::vector<Agreement>> of_samples(count);
  const auto make_task = [&](size_t) -> Task {
    auto run = std::make_shared<ComparedRun>(baseline, lowered, *subject.dataset, matches);
    return [&, run](size_t index) { of_samples[index] = run->run(index); };
  };
  runWorkers(count, {0, options.progress}, make_task);

  std::map<std::string, Comparison> result;
  for (size_t i = 0; i < matches.size(); ++i) {
    Agreement sum;
    for (const auto& sample : of_samples) sum.merge(sample[i]);
    if (sum.elements() > 0) result.emplace(matches[i].actual.name, Comparison{matches[i].baseline.name, sum});
  }
  return result;
}

void addComparison(LayerResult& layer, const Comparison& comparison) {
  layer.baseline_value = comparison.baseline_value;
  layer.sqnr = comparison.agreement.sqnr();
  layer.cosine = comparison.agreement.cosine();
  layer.max_error = comparison.agreement.maxError();
}

}  // namespace

std::vector<LayerResult> measureLayers(const Subject& subject, const Subject* baseline, const LayerOptions& options) {
  const Executor executor(*subject.graph);
  const Graph lowered = executor.lowered().clone();
  const StepMeasurements steps = measureSteps(subject, lowered, options.runs);
  std::map<std::string, Comparison> comparisons;
  if (baseline != nullptr) comparisons = compareValues(subject, *baseline, lowered, options);

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
