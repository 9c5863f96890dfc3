#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "dataset/npy.h"
#include "dataset/shared_bytes.h"
#include "dataset/zip_file.h"

namespace quant {

/// A .npy file (one array without a name) or a .npz file (a zip of such files), told apart by content.
class ArrayFile {
 public:
  /// Reads headers only. Throws (bad input, unsupported) with the path.
  explicit ArrayFile(const std::filesystem::path& path) : ArrayFile(mapFile(path), path.string()) {}
  ArrayFile(SharedBytes file, std::string name);

  /// Type and shape of each array by name; the name is empty in a .npy file.
  [[nodiscard]] const std::map<std::string, NpyHeader>& headers() const { return headers_; }
  /// An array that `headers` names, in row-major order.
  [[nodiscard]] Tensor read(const std::string& name) const;
  /// "array 'x' of 'a.npz'", for errors.
  [[nodiscard]] std::string describe(const std::string& name) const;

 private:
  void readArchive();

  SharedBytes file_;
  std::string name_;
  std::map<std::string, NpyHeader> headers_;
  std::optional<const ZipFile> archive_;   ///< not in a .npy file
  std::map<std::string, size_t> entries_;  ///< array name -> entry of the archive
};

}  // namespace quant
