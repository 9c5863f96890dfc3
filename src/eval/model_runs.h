#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "eval/agreement.h"
#include "eval/eval_report.h"
#include "eval/samples.h"

namespace quant {

/// A model to be evaluated, and the samples as it wants them.
struct Subject {
  std::string name;  ///< for errors
  const Graph* graph;
  const Dataset* dataset;
  size_t output = 0;  ///< the one that a metric of classes or vectors is about
};

struct SampleInfo {
  std::string name;
  std::optional<int64_t> label;
};

/// What is kept of one sample's run.
struct SampleRun {
  std::vector<int64_t> best;       ///< up to five classes, best first
  float score = 0;                 ///< of the best class
  std::vector<float> vector;       ///< of length 1; of kVectors
  std::vector<Agreement> outputs;  ///< with each output of the baseline; empty for the baseline itself
};

struct ModelRun {
  std::vector<SampleRun> samples;
  std::vector<std::string> outputs;  ///< names of `SampleRun::outputs`
  std::string vectors_of;            ///< how vectors come from the outputs
  Macs macs;
};

struct ModelRuns {
  std::vector<SampleInfo> samples;
  std::vector<ModelRun> models;
};

struct RunOptions {
  Metric metric = Metric::kClasses;
  std::optional<size_t> baseline;  ///< index of the model that the others are compared with
  Backend backend = Backend::kOneDnn;
  /// The baseline's outputs that may be kept at a time; more samples are done in parts.
  size_t kept_bytes = size_t{512} << 20;
  std::function<Progress(size_t model)> progress;
};

/// For each output of `baseline` the one of `graph`: of the same name, else at the same place.
std::vector<std::optional<size_t>> matchOutputs(const Graph& baseline, const Graph& graph);

/// Runs all samples through all models. Throws (bad input) with the model's and output's name when outputs are not what
/// the metric wants, or when a label is not among the model's classes.
ModelRuns runModels(const std::vector<Subject>& subjects, const RunOptions& options);

}  // namespace quant
