#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "core/progress.h"
#include "dataset/dataset.h"
#include "graph/graph.h"
#include "runtime/executor.h"

namespace quant {

/// Runs `graph` over the first `count` samples of `dataset`, several samples side by side, each on one thread; `visit`
/// is called once for each sample, in any order but never twice at the same time.
/// `visit` gets the sample's index, the sample and the model's outputs.
using SampleVisitor = std::function<void(size_t index, const Sample& sample, std::vector<Tensor> outputs)>;
Macs runSamples(const Graph& graph, Backend backend, const Dataset& dataset, size_t count, const SampleVisitor& visit,
                const Progress& progress = nullptr);

}  // namespace quant
