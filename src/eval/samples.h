#pragma once

#include <cstddef>
#include <functional>

#include "core/progress.h"
#include "dataset/dataset.h"
#include "graph/graph.h"
#include "runtime/executor.h"

namespace quant {

/// Samples `begin` to `begin + count` of a dataset.
struct SampleRange {
  size_t begin = 0, count = 0;
};

/// Runs `graph` over some samples of `dataset`, several samples side by side, each on one thread; `visit` is called
/// once for each sample, in any order but never twice at the same time. It gets the sample's index, the sample and the
/// model's outputs. Returns the work of one sample.
using SampleVisitor = std::function<void(size_t index, const Sample& sample, std::vector<Tensor> outputs)>;
Macs runSamples(const Graph& graph, Backend backend, const Dataset& dataset, SampleRange range,
                const SampleVisitor& visit, const Progress& progress = nullptr);

}  // namespace quant
