#include "dataset/folder_listing.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "dataset/file_kind.h"

namespace quant {

namespace {

namespace fs = std::filesystem;

/// Files that lie beside samples, by the name up to the first dot and by extension; in small letters.
constexpr std::array<std::string_view, 8> kSideNames = {"classes", "labels", "readme", "license",
                                                        "licence", "notice", "thumbs", "manifest"};
constexpr std::array<std::string_view, 7> kSideExtensions = {".txt", ".md", ".json", ".csv", ".yaml", ".yml", ".onnx"};

struct ExtensionKind {
  std::string_view extension;
  DatasetKind kind;
};

/// Kinds without a signature in their first bytes.
constexpr std::array kExtensionKinds = {
    ExtensionKind{".pb", DatasetKind::kTensorProtos},
    ExtensionKind{".bin", DatasetKind::kRawBytes},
    ExtensionKind{".raw", DatasetKind::kRawBytes},
};

std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool isHidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool isSideFile(const fs::path& path) {
  const std::string name = lowered(path.filename().string());
  const std::string stem = name.substr(0, name.find('.'));
  const bool is_expected_output = name.starts_with("output_") && name.ends_with(".pb");  // of a test_data_set folder
  return is_expected_output || std::ranges::count(kSideNames, stem) != 0 ||
         std::ranges::any_of(kSideExtensions, [&](std::string_view extension) { return name.ends_with(extension); });
}

std::string readStart(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string start(kContentBytes, '\0');
  if (!stream) throwBadInput("cannot read '{}': {}", path.string(), std::strerror(errno));
  stream.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(stream.gcount()));
  return start;
}

DatasetKind kindOf(const fs::path& path) {
  const std::string start = readStart(path);
  const auto bytes = std::as_bytes(std::span(start));
  const std::string extension = lowered(path.extension().string());
  const auto* by_extension = std::ranges::find(kExtensionKinds, extension, &ExtensionKind::extension);
  const bool known_extension = by_extension != kExtensionKinds.end();
  switch (recognizeContent(bytes)) {
    case Content::kJpeg:
    case Content::kPng: return known_extension ? by_extension->kind : DatasetKind::kPictures;
    case Content::kNpy:
    case Content::kZip: return known_extension ? by_extension->kind : DatasetKind::kArrays;
    case Content::kOther:
      if (known_extension) return by_extension->kind;
      break;
    case Content::kOtherPicture:
    case Content::kEmpty: break;
  }
  throwBadInput(
      "'{}' {}; samples are JPEG or PNG pictures, .npy or .npz arrays, ONNX .pb tensors or raw .bin tensors: move it "
      "elsewhere or convert it",
      path.string(), describeContent(bytes));
}

std::vector<fs::path> listFiles(const fs::path& folder) {
  std::vector<fs::path> files;
  try {
    fs::recursive_directory_iterator entry(folder, fs::directory_options::follow_directory_symlink);
    for (; entry != fs::recursive_directory_iterator(); ++entry) {
      if (isHidden(entry->path())) {
        entry.disable_recursion_pending();
      } else if (!entry->is_directory() && !isSideFile(entry->path())) {
        if (!entry->is_regular_file()) throwBadInput("'{}' is not a file that can be read", entry->path().string());
        files.push_back(entry->path());
      }
    }
  } catch (const fs::filesystem_error& error) {
    throwBadInput("cannot read the data folder '{}': {}", folder.string(), error.what());
  }
  return files;
}

DataFile makeDataFile(const fs::path& path, const fs::path& root) {
  const fs::path relative = path.lexically_relative(root);
  const bool is_flat = std::next(relative.begin()) == relative.end();
  return {path, relative.generic_string(), is_flat ? "" : relative.begin()->string()};
}

std::vector<DataFile> listDataFiles(const fs::path& folder) {
  if (!fs::exists(folder)) throwBadInput("there is no data folder '{}'", folder.string());
  if (!fs::is_directory(folder)) return {{folder, folder.filename().string(), ""}};
  std::vector<DataFile> files;
  for (const fs::path& path : listFiles(folder)) files.push_back(makeDataFile(path, folder));
  std::ranges::sort(files, {}, &DataFile::name);
  if (files.empty()) {
    throwBadInput("the data folder '{}' holds no samples (JPEG, PNG, .npy, .npz, .pb or .bin files)", folder.string());
  }
  return files;
}

/// Labels come from folders, so either all files lie in folders or none does.
void requireSameDepth(const std::vector<DataFile>& files) {
  const auto is_flat = [](const DataFile& file) { return file.folder.empty(); };
  const auto flat = std::ranges::find_if(files, is_flat);
  const auto nested = std::ranges::find_if_not(files, is_flat);
  if (flat == files.end() || nested == files.end()) return;
  throwBadInput("'{}' lies beside folders with samples ('{}'): put all samples into folders, or none",
                flat->path.string(), nested->path.string());
}

}  // namespace

std::string_view toString(DatasetKind kind) {
  switch (kind) {
    case DatasetKind::kPictures: return "pictures";
    case DatasetKind::kArrays: return "NumPy arrays";
    case DatasetKind::kTensorProtos: return "ONNX tensors";
    case DatasetKind::kRawBytes: return "raw tensors";
    case DatasetKind::kGenerated: return "made-up numbers";
  }
  return {};
}

FolderListing listFolder(const fs::path& folder) {
  FolderListing listing;
  listing.files = listDataFiles(folder);
  requireSameDepth(listing.files);
  listing.kind = kindOf(listing.files.front().path);
  for (const DataFile& file : listing.files) {
    const DatasetKind kind = kindOf(file.path);
    if (kind == listing.kind) continue;
    throwBadInput("the data folder '{}' mixes kinds: '{}' is of {}, but '{}' of {}", folder.string(),
                  listing.files.front().name, toString(listing.kind), file.name, toString(kind));
  }
  return listing;
}

}  // namespace quant
