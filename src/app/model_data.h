#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "app/quantize_options.h"
#include "dataset/dataset.h"
#include "graph/graph.h"

namespace quant {

/// The metadata key under which a model says how its pictures are to be preprocessed (JSON).
inline constexpr const char* kPreprocessKey = "quantize.preprocess";

/// What the model wants to be fed, from its graph inputs.
std::vector<InputSpec> inputSpecs(const Graph& graph);

/// The preprocessing that flags and file ask for, over what the model's metadata says.
Preprocess requestedPreprocess(const Graph& graph, const PreprocessOptions& options);

/// Opens the samples for `graph`.
std::unique_ptr<Dataset> openData(const Graph& graph, const DataOptions& options);

/// `count` samples of made-up numbers that `graph` can be run with: integers that a Gather looks up (token numbers)
/// stay within what it reads. Throws (unsupported) when no such samples can be made.
std::unique_ptr<Dataset> madeUpData(const Graph& graph, size_t count);

}  // namespace quant
