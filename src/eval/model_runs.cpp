#include "eval/model_runs.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "eval/as_float.h"
#include "eval/output_choice.h"

namespace quant {

namespace {

constexpr size_t kKeptClasses = 5;

bool isScores(const Tensor& tensor) {
  return tensor.elementCount() > 1 && tensor.shape().back() == tensor.elementCount();
}

/// Scores of classes also with single pixels behind: [1,1000,1,1].
bool isScoresOfPixels(const Tensor& tensor) {
  return tensor.rank() > 2 && tensor.elementCount() > 1 && tensor.shape()[1] == tensor.elementCount();
}

void keepClasses(const Tensor& scores, const std::string& output, const SampleInfo& sample, SampleRun& run) {
  if (!isScores(scores) && !isScoresOfPixels(scores)) {
    throwBadInput(
        "output '{}' has shape {} for sample '{}', which is no row of class scores; name another with "
        "--metric-output, or use --metric vectors or --metric error",
        output, toString(scores.shape()), sample.name);
  }
  const auto data = scores.data<float>();
  run.best = topK(data, kKeptClasses);
  run.score = data[static_cast<size_t>(run.best.front())];
  if (sample.label && (*sample.label < 0 || *sample.label >= scores.elementCount())) {
    throwBadInput("sample '{}' has label {}, but the model's output has only {} classes", sample.name, *sample.label,
                  scores.elementCount());
  }
}

void normalize(std::vector<float>& vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * x;
  const double length = std::sqrt(squares);
  if (length == 0 || !std::isfinite(length)) return;
  for (float& x : vector) x = static_cast<float>(x / length);
}

/// The mean over the tokens that the mask counts, of tokens [1,T,D].
std::vector<float> meanOfTokens(const Tensor& tokens, const Tensor* mask) {
  const auto length = static_cast<size_t>(tokens.shape()[1]), width = static_cast<size_t>(tokens.shape()[2]);
  if (mask != nullptr && mask->elementCount() != tokens.shape()[1]) {
    throwBadInput("the attention mask has shape {}, but the output {}", toString(mask->shape()),
                  toString(tokens.shape()));
  }
  const auto values = tokens.data<float>();
  std::vector<double> sums(width, 0.0);
  for (size_t t = 0; t < length; ++t) {
    const double weight = mask == nullptr ? 1 : static_cast<double>(mask->data<float>()[t]);
    for (size_t d = 0; d < width; ++d) sums[d] += weight * static_cast<double>(values[t * width + d]);
  }
  return {sums.begin(), sums.end()};  // the length does not matter: it is made 1
}

bool areTokens(const Tensor& output) { return output.rank() == 3 && output.shape()[0] == 1; }

std::vector<float> vectorOf(const Graph& graph, const Tensor& output, const Sample& sample) {
  std::vector<float> vector;
  if (areTokens(output)) {
    const auto mask = sample.inputs.find(attentionMaskOf(graph));
    const auto weights = mask == sample.inputs.end() ? std::nullopt : asFloat(mask->second);
    vector = meanOfTokens(output, weights ? &*weights : nullptr);
  } else {
    const auto data = output.data<float>();
    vector.assign(data.begin(), data.end());
  }
  normalize(vector);
  return vector;
}

std::string describeVectors(const Graph& graph, const std::string& name, const Tensor& output) {
  if (!areTokens(output)) return fmt::format("'{}', normalized", name);
  const std::string mask = attentionMaskOf(graph);
  return mask.empty() ? fmt::format("mean of '{}' over its tokens, normalized", name)
                      : fmt::format("mean of '{}' over '{}', normalized", name, mask);
}

/// `declared` is what the baseline says of the output.
Agreement compare(const std::string& output, const std::optional<ValueType>& declared, const Tensor& expected,
                  const Tensor& actual) {
  Agreement agreement;
  if (expected.shape() != actual.shape() && mayDiffer(declared, expected.shape(), actual.shape())) {
    agreement.addOtherShape(expected.shape(), actual.shape());
    return agreement;
  }
  const auto x = asFloat(expected), y = asFloat(actual);
  if (!x || !y) return agreement;
  try {
    agreement.add(*x, *y);
  } catch (Error& error) {
    error.addContext(fmt::format("comparing output '{}' with the baseline's", output));
    throw;
  }
  return agreement;
}

/// Samples whose outputs of the baseline fit into `bytes`, as far as the declared shapes tell.
size_t samplesAtATime(const Graph& baseline, size_t bytes) {
  constexpr int64_t kGuessedSize = 512;  // of an axis that only a run can tell
  constexpr double kGuessedElements = 1 << 20;
  double each = 1;
  for (const auto& name : baseline.outputs()) {
    const auto type = baseline.valueType(name);
    double elements = type && type->shape ? 1 : kGuessedElements;
    if (type && type->shape) {
      for (size_t axis = 0; axis < type->shape->size(); ++axis) {
        const int64_t size = (*type->shape)[axis];
        elements *= static_cast<double>(size >= 0 ? size : axis == 0 ? 1 : kGuessedSize);
      }
    }
    each += elements * sizeof(float);
  }
  return std::max<size_t>(1, static_cast<size_t>(static_cast<double>(bytes) / each));
}

class Runner {
 public:
  Runner(const std::vector<Subject>& subjects, const RunOptions& options) : subjects_(subjects), options_(options) {
    const size_t count = subjects.front().dataset->size();
    runs_.samples.resize(count);
    runs_.models.resize(subjects.size());
    for (size_t i = 0; i < subjects.size(); ++i) {
      runs_.models[i].samples.resize(count);
      if (options.baseline && i != *options.baseline) prepareComparison(i);
    }
  }

  ModelRuns run() {
    const size_t count = runs_.samples.size();
    const size_t part =
        options_.baseline ? samplesAtATime(*subjects_[*options_.baseline].graph, options_.kept_bytes) : count;
    for (size_t begin = 0; begin < count; begin += part) runPart({begin, std::min(part, count - begin)});
    return std::move(runs_);
  }

 private:
  void prepareComparison(size_t model) {
    const Graph& baseline = *subjects_[*options_.baseline].graph;
    matches_.resize(subjects_.size());
    matches_[model] = matchOutputs(baseline, *subjects_[model].graph);
    for (size_t i = 0; i < matches_[model].size(); ++i) {
      if (matches_[model][i]) runs_.models[model].outputs.push_back(baseline.outputs()[i]);
    }
  }

  void runPart(SampleRange range) {
    expected_.clear();
    expected_.resize(range.count);
    if (options_.baseline) runModel(*options_.baseline, range);
    for (size_t i = 0; i < subjects_.size(); ++i) {
      if (i != options_.baseline) runModel(i, range);
    }
  }

  void runModel(size_t model, SampleRange range) {
    const auto visit = [&](size_t index, const Sample& sample, std::vector<Tensor> outputs) {
      runs_.samples[index] = {sample.name, sample.label};
      keep(model, index, sample, outputs);
      if (model == options_.baseline) {
        expected_[index - range.begin] = std::move(outputs);
      } else if (options_.baseline) {
        compareOutputs(model, index, expected_[index - range.begin], outputs);
      }
    };
    const Subject& subject = subjects_[model];
    try {
      runs_.models[model].macs = runSamples(*subject.graph, options_.backend, *subject.dataset, range, visit,
                                            options_.progress ? options_.progress(model) : nullptr);
    } catch (Error& error) {
      error.addContext(fmt::format("evaluating '{}'", subject.name));
      throw;
    }
  }

  void keep(size_t model, size_t index, const Sample& sample, const std::vector<Tensor>& outputs) {
    if (options_.metric == Metric::kError) return;
    const Graph& graph = *subjects_[model].graph;
    const size_t output = subjects_[model].output;
    const auto numbers = asFloat(outputs.at(output));
    const std::string name = graph.outputs()[output];
    if (!numbers) {
      throwBadInput("output '{}' is {}, which is neither scores nor a vector", name, toString(outputs[output].type()));
    }
    SampleRun& run = runs_.models[model].samples[index];
    if (options_.metric == Metric::kClasses) return keepClasses(*numbers, name, runs_.samples[index], run);
    run.vector = vectorOf(graph, *numbers, sample);
    if (runs_.models[model].vectors_of.empty()) runs_.models[model].vectors_of = describeVectors(graph, name, *numbers);
  }

  void compareOutputs(size_t model, size_t index, const std::vector<Tensor>& expected,
                      const std::vector<Tensor>& actual) {
    const Graph& baseline = *subjects_[*options_.baseline].graph;
    auto& agreements = runs_.models[model].samples[index].outputs;
    const auto& names = runs_.models[model].outputs;
    for (size_t i = 0; i < expected.size(); ++i) {
      if (const auto match = matches_[model][i]) {
        const std::string& name = names[agreements.size()];
        agreements.push_back(compare(name, baseline.valueType(name), expected[i], actual.at(*match)));
      }
    }
  }

  const std::vector<Subject>& subjects_;
  const RunOptions& options_;
  std::vector<std::vector<std::optional<size_t>>> matches_;  // by model, then by output of the baseline
  std::vector<std::vector<Tensor>> expected_;                // outputs of the baseline, of the part at work
  ModelRuns runs_;
};

}  // namespace

std::vector<std::optional<size_t>> matchOutputs(const Graph& baseline, const Graph& graph) {
  const auto expected = baseline.outputs(), actual = graph.outputs();
  std::vector<std::optional<size_t>> matches;
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto same_name = std::ranges::find(actual, expected[i]);
    if (same_name != actual.end()) {
      matches.emplace_back(same_name - actual.begin());
    } else {
      matches.push_back(i < actual.size() ? std::optional(i) : std::nullopt);
    }
  }
  return matches;
}

ModelRuns runModels(const std::vector<Subject>& subjects, const RunOptions& options) {
  return Runner(subjects, options).run();
}

}  // namespace quant
