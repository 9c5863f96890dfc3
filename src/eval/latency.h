#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/progress.h"
#include "eval/eval_report.h"
#include "eval/model_runs.h"

namespace quant {

struct LatencyOptions {
  std::vector<int> batch_sizes = {1};
  int runs = 50;
  int warm_up = 3;  ///< untimed runs with each batch size
  /// Timed runs of all models take about so long with each batch size: slow models are timed in fewer runs, but in
  /// five.
  double most_seconds = std::numeric_limits<double>::infinity();
  Progress progress;
};

/// How long one model takes.
struct ModelLatency {
  std::vector<BatchLatency> batches;  ///< in the order of the batch sizes; without those that the model refuses
  double first_run_ms = 0;            ///< compilation and the first run, of the first batch size
  size_t buffer_bytes = 0;            ///< memory of intermediate values with the first batch size
  std::vector<std::string> refusals;  ///< why there is no time for a batch size
};

/// Times several models with all threads, on real samples that were read before.
///
/// Models take turns of ten runs, so that a machine whose speed drifts favours none; where there are several, a turn
/// begins with untimed runs, so that each model is timed as in a loop of its own.
std::vector<ModelLatency> measureLatency(const std::vector<Subject>& subjects, const LatencyOptions& options);

/// How many of `runs` runs fit into `most_seconds`, when one takes `milliseconds`: at least five, where so many are
/// asked for.
int runsWithin(double most_seconds, double milliseconds, int runs);

/// The numbers of a BatchLatency from single times in milliseconds.
BatchLatency summarizeTimes(int batch, const std::vector<double>& milliseconds);

/// Median time in milliseconds to read and prepare one sample on one thread, over the first samples.
double measurePreprocessing(const Dataset& dataset);

}  // namespace quant
