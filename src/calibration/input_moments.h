#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "calibration/collect.h"

namespace quant {

/// How the channels of a value, which lie along its last axis, vary together over the samples: what an error of the
/// weights that they are multiplied with costs.
struct InputMoments {
  size_t channels = 0;
  std::vector<float> mean_squares;  ///< by channel
  /// The mean of channel i times channel j at [i * channels + j] for j >= i; empty where it would take too much memory.
  std::vector<float> products;
};

using MomentsTable = std::map<std::string, std::shared_ptr<const InputMoments>>;

struct MomentsOptions {
  uint64_t max_bytes = uint64_t{512} << 20;  ///< for products; the smaller values get theirs first
  Progress progress;
  std::function<void(size_t index, std::vector<Tensor> outputs)> take_outputs;  ///< the model's, for each sample
};

/// Runs the samples one after the other and gathers the moments of `values`, which must have static last axes. The
/// result does not depend on the number of threads.
MomentsTable collectMoments(const Graph& graph, const std::set<std::string>& values, const SampleSource& samples,
                            const MomentsOptions& options = {});

}  // namespace quant
