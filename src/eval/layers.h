#pragma once

#include <limits>
#include <vector>

#include "eval/model_runs.h"

namespace quant {

struct LayerOptions {
  size_t samples = 16;  ///< that values are compared on
  int runs = 20;        ///< that steps are timed in
  Progress progress;
  double most_seconds = std::numeric_limits<double>::infinity();  ///< of these runs; see LatencyOptions
};

/// Every step of the model as it runs: how long it takes (median of some runs with all threads), and how near its
/// result is to the baseline's. `baseline` may be null: then nothing is compared.
std::vector<LayerResult> measureLayers(const Subject& subject, const Subject* baseline, const LayerOptions& options);

}  // namespace quant
