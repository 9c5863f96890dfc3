#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataset/class_names.h"

namespace quant {

/// Labels that lie in a file of their own: by the sample's name, or by its place.
struct Labels {
  std::filesystem::path file;
  std::map<std::string, int64_t> by_name;  ///< of a CSV or TSV file
  std::vector<int64_t> by_index;           ///< of a .npy file

  /// The label of sample `index` of all that the data folder holds, called `name`. Throws (bad input) when the file
  /// does not say it.
  [[nodiscard]] int64_t of(const std::string& name, size_t index) const;
  /// Throws (bad input) when labels stand in order, but not one for each of `samples`.
  void requireFit(size_t samples) const;
};

/// Which sample belongs to which class: by the folder it lies in, or as `labels` say.
struct Classification {
  ClassNames names;
  std::optional<Labels> labels;
};

/// Reads a file of labels:
///   .npy      whole numbers, one for each sample, in the order of the sorted file names
///   others    a line for each sample, "path,label" or with a tab between: the path as below the data folder, the label
///             a number, or a class's name or folder. A first line whose label is neither is a heading.
/// Throws (bad input) with the line.
Labels readLabels(const std::filesystem::path& file, const ClassNames& classes);

/// labels.csv, labels.tsv or labels.npy in the data folder, if there is one.
std::optional<std::filesystem::path> findLabelsFile(const std::filesystem::path& folder);

}  // namespace quant
