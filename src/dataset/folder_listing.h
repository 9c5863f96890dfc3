#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace quant {

enum class DatasetKind {
  kPictures,      ///< JPEG, PNG
  kArrays,        ///< .npy, .npz
  kTensorProtos,  ///< ONNX .pb
  kRawBytes,      ///< .bin, .raw
  kGenerated,     ///< made-up numbers: no files
};

/// "pictures", "NumPy arrays", "ONNX tensors", "raw tensors", "made-up numbers".
std::string_view toString(DatasetKind kind);

struct DataFile {
  std::filesystem::path path;
  std::string name;    ///< relative to the data folder, with '/'
  std::string folder;  ///< the first folder of `name`; empty for files that lie flat
};

/// The files of a data folder, all of one kind, sorted by name, byte by byte.
struct FolderListing {
  DatasetKind kind = DatasetKind::kPictures;
  std::vector<DataFile> files;
};

/// Looks through `folder` (or at one file) and the folders in it. The kind of pictures and arrays is told by content.
/// Hidden files and side files are passed over: classes.*, labels.*, README*, LICENSE*, *.onnx, *.json, output_*.pb,
/// ... Throws (bad input) with names when there is nothing, when kinds are mixed, when flat files lie beside folders
/// with files, and for files of any other kind.
FolderListing listFolder(const std::filesystem::path& folder);

}  // namespace quant
