#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "calibration/channel_levels.h"
#include "calibration/methods.h"
#include "calibration/range_table.h"
#include "calibration/statistics.h"
#include "core/progress.h"
#include "dataset/dataset.h"
#include "graph/graph.h"
#include "runtime/backend.h"

namespace quant {

/// The samples to run. Several threads call `load` at once.
struct SampleSource {
  size_t count = 0;
  std::function<Sample(size_t index)> load;
};

/// All samples of `dataset`, which must outlive the source.
SampleSource samplesOf(const Dataset& dataset);

struct CollectOptions {
  TensorStatistics::Detail detail = TensorStatistics::Detail::kHistogram;
  std::map<std::string, int64_t> channel_axes;  ///< values whose channels' means are wanted, and their channel axis
  ChannelLevels levels;                         ///< of these values, what is left once they are divided is looked at
  Backend backend = Backend::kOneDnn;
  int threads = 0;     ///< 0: as many as OpenMP offers
  int batch_size = 1;  ///< samples that a worker takes at a time; nothing depends on it
  Progress progress;
  /// Gets the model's outputs for each sample, from several threads at once. Not called where the file fixes a batch of
  /// more than one: a run is then more than a sample.
  std::function<void(size_t index, std::vector<Tensor> outputs)> take_outputs;
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
/// Throws what a sample's load or run throws, with the sample's name; of several, that of the first sample.
StatisticsTable collectStatistics(const Graph& graph, const std::vector<std::string>& watched,
                                  const SampleSource& samples, const CollectOptions& options = {});

}  // namespace quant
