#pragma once

#include <cstdint>
#include <vector>

#include "eval/samples.h"

namespace quant {

/// What a classifier said about a labelled dataset.
struct Accuracy {
  int64_t samples = 0;               ///< with a label
  int64_t top1 = 0;                  ///< label is the best score
  int64_t top5 = 0;                  ///< label is among the five best
  std::vector<int64_t> predictions;  ///< the best class of each sample, by sample index

  [[nodiscard]] double top1Percent() const {
    return samples == 0 ? 0 : 100.0 * static_cast<double>(top1) / static_cast<double>(samples);
  }
  [[nodiscard]] double top5Percent() const {
    return samples == 0 ? 0 : 100.0 * static_cast<double>(top5) / static_cast<double>(samples);
  }
};

/// How often two models name the same class, in percent of the samples.
double samePercent(const Accuracy& a, const Accuracy& b);

/// Runs the whole dataset through the model; its first output holds the scores. Throws (bad input) when a label is not
/// among the model's classes.
Accuracy measureAccuracy(const Graph& graph, Backend backend, const Dataset& dataset,
                         const Progress& progress = nullptr);

}  // namespace quant
