#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "calibration/methods.h"
#include "calibration/range_table.h"
#include "calibration/statistics.h"
#include "core/progress.h"
#include "core/tensor.h"
#include "graph/graph.h"
#include "runtime/backend.h"

namespace quant {

/// The samples to run: `load` gives the model's inputs for the sample at `index`, each with its batch axis in front.
/// Several threads call it at once.
struct SampleSource {
  size_t count = 0;
  std::function<NamedTensors(size_t index)> load;
};

struct CollectOptions {
  TensorStatistics::Detail detail = TensorStatistics::Detail::kHistogram;
  Backend backend = Backend::kOneDnn;
  int threads = 0;  ///< 0: as many as OpenMP offers
  Progress progress;
};

/// Runs every sample through the graph and gathers statistics of each watched value: one that a node computes, a graph
/// input or a constant (which is looked at once).
///
/// Each worker runs whole samples on one thread, with an executor and statistics of its own. The outcome is the same,
/// bit for bit, for any number of threads and order of samples, because each sample's numbers are: samples run one by
/// one, for a result may depend on how many run together (oneDNN multiplies a batch of one by other code than a larger
/// one, with other sums).
///
/// Only a model whose file fixes a batch of B > 1 runs groups of B neighbouring samples; the last group is filled up
/// from the first samples, whose values then count twice.
///
/// Throws what a sample's load or run throws, of several the one with the lowest index.
StatisticsTable collectStatistics(const Graph& graph, const std::vector<std::string>& watched,
                                  const SampleSource& samples, const CollectOptions& options = {});

}  // namespace quant
