#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/quantize_options.h"
#include "dataset/dataset.h"
#include "graph/graph.h"

namespace quant {

/// The models of one evaluation, in the order of the report.
struct ModelList {
  std::vector<std::filesystem::path> paths;
  std::vector<std::string> names;  ///< short and different: the file's name, or the path where two share it
  std::optional<size_t> baseline;  ///< nothing for a model alone
};

/// `baseline` (may be empty) goes in front, unless it is one of the models already; without it the first of several
/// models is the baseline.
ModelList listModels(std::vector<std::filesystem::path> models, const std::filesystem::path& baseline);

/// A model ready to run.
struct EvalModel {
  Graph graph;
  std::unique_ptr<Dataset> dataset;  ///< the samples as this model wants them
  double load_ms = 0;
  uint64_t bytes = 0;  ///< of the file and its external data
};

/// Reads and prepares the model.
EvalModel loadEvalModel(const std::filesystem::path& path);

/// Of models with operators that cannot be run leaves what can, where `baseline`'s outputs are those of the others.
/// Returns what is left out: a line for each such model, or one where it is the same for all of them.
std::vector<std::string> keepRunnable(std::vector<EvalModel>& models, const std::vector<std::string>& names,
                                      std::optional<size_t> baseline);

/// Opens the samples for each model. Pictures are prepared as a model's metadata says; models that say nothing take
/// them as the first model that does, in their own layout.
void openEvalData(std::vector<EvalModel>& models, const DataOptions& options);

/// SHA-256 of what `sha256sum` prints for the files of the data folder, in the order of their names: one line "hash",
/// two spaces, name for each. A file of labels comes last, under its own name.
std::string hashOfData(const DataOptions& options);

}  // namespace quant
