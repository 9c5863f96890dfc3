#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "dataset/folder_listing.h"
#include "dataset/input_spec.h"
#include "dataset/preprocess.h"

namespace quant {

/// What a model is fed with once. Where an input has a batch axis, it stands in front with size 1 - or with the model's
/// fixed batch size, if the file holds that many. `stack` makes batches.
struct Sample {
  std::string name;  ///< the file, relative to the data folder; with "[3]" for the fourth sample of one file
  NamedTensors inputs;
  std::optional<int64_t> label;
};

/// The samples of a folder, in a fixed order: sorted by file name.
class Dataset {
 public:
  virtual ~Dataset() = default;
  [[nodiscard]] virtual size_t size() const = 0;
  /// Reads a sample from its file. Safe to call from several threads. Throws (bad input) with the file's name, and both
  /// shapes when it does not fit the model's input.
  [[nodiscard]] virtual Sample load(size_t index) const = 0;
  [[nodiscard]] virtual DatasetKind kind() const = 0;
  /// Names of the labels, where files lie in class folders; else empty.
  [[nodiscard]] virtual const std::vector<std::string>& classes() const = 0;
  /// "200 of 600 pictures, 1000 classes of 'classes.txt'".
  [[nodiscard]] virtual std::string description() const = 0;
  /// What pictures went through, with nothing left open; nothing for other kinds.
  [[nodiscard]] virtual const std::optional<Preprocess>& preprocess() const = 0;
};

struct DatasetOptions {
  Preprocess preprocess;   ///< of pictures
  size_t max_samples = 0;  ///< 0: all; else at most so many, evenly spread over the sorted files
  std::optional<std::filesystem::path> classes_file = {};
  std::optional<std::filesystem::path> labels_file = {};  ///< see `readLabels`; else labels come from class folders
};

/// Opens a folder, or one file, as samples for the model's inputs. The kind of files is recognised; see
/// `listFolder` for what is passed over, `findClassNames` for labels, `fitArray` for arrays of several samples. Arrays,
/// but not pictures, are checked against the inputs at once. Throws (bad input, unsupported) with names.
std::unique_ptr<Dataset> openDataset(const std::filesystem::path& folder, const std::vector<InputSpec>& inputs,
                                     const DatasetOptions& options = {});

/// The samples as one batch, joined along the first axis of each input. Throws (bad input) with both names and shapes
/// when they differ otherwise.
NamedTensors stack(std::span<const Sample> samples);

/// Indices of at most `max_samples` (0: all) of `count` samples: i * count / max_samples.
std::vector<size_t> spreadEvenly(size_t count, size_t max_samples);

}  // namespace quant
