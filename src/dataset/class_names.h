#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataset/folder_listing.h"

namespace quant {

/// Which label each class folder stands for.
struct ClassNames {
  std::vector<std::string> names;             ///< by label; for people
  std::map<std::string, int64_t> by_folder;   ///< folder name -> label
  std::optional<std::filesystem::path> file;  ///< the classes file they were read from
};

/// Reads a classes file: one class a line, in the order of labels. A line is the folder's name, or the folder's name,
/// a space, tab or comma, and a description. Names that stand for several classes are left out of `by_folder`.
ClassNames readClassNames(const std::filesystem::path& file);

/// Classes of files in folders: from `classes_file` if given, else from classes.txt in the data folder or beside it,
/// else the folders' names in alphabetical order. Empty for files that lie flat. Throws (bad input) when the classes
/// file does not name one of the folders.
ClassNames findClassNames(const std::filesystem::path& folder, const FolderListing& listing,
                          const std::optional<std::filesystem::path>& classes_file);

/// Classes where a file of labels says which sample belongs to which, so that folders mean nothing: those of
/// `classes_file` if given, else of classes.txt in the data folder or beside it, else none.
ClassNames findNamesOfLabels(const std::filesystem::path& folder,
                             const std::optional<std::filesystem::path>& classes_file);

/// The label of a file of the listing.
std::optional<int64_t> labelOf(const DataFile& file, const ClassNames& classes);

}  // namespace quant
