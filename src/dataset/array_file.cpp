#include "dataset/array_file.h"

#include <algorithm>

#include "core/error.h"
#include "dataset/file_kind.h"

namespace quant {

namespace {

constexpr std::string_view kEntrySuffix = ".npy";

}  // namespace

ArrayFile::ArrayFile(const std::filesystem::path& path) : path_(path.string()) {
  file_ = MappedFile::open(path);
  switch (recognizeContent(file_->bytes())) {
    case Content::kNpy: headers_.emplace("", parseNpyHeader(file_->bytes(), describe(""))); return;
    case Content::kZip: readArchive(path); return;
    case Content::kJpeg:
    case Content::kPng:
    case Content::kOtherPicture:
    case Content::kEmpty:
    case Content::kOther: break;
  }
  throwBadInput("'{}' is not a .npy or .npz file: it {}", path_, describeContent(file_->bytes()));
}

void ArrayFile::readArchive(const std::filesystem::path& path) {
  file_.reset();
  archive_ = std::make_unique<const ZipFile>(path);
  for (size_t i = 0; i < archive_->entries().size(); ++i) {
    const ZipFile::Entry& entry = archive_->entries()[i];
    if (!entry.name.ends_with(kEntrySuffix)) continue;
    const std::string name = entry.name.substr(0, entry.name.size() - kEntrySuffix.size());
    const auto start = archive_->readStart(entry, kNpyHeaderBytes);
    headers_.emplace(name, parseNpyHeader(start.bytes, describe(name)));
    entries_.emplace(name, i);
  }
  if (headers_.empty()) throwBadInput("'{}' is a zip archive without arrays ('NAME.npy')", path_);
}

Tensor ArrayFile::read(const std::string& name) const {
  if (!archive_) return readNpy(file_->bytes(), file_, describe(name));
  auto content = archive_->read(archive_->entries()[entries_.at(name)]);
  return readNpy(content.bytes, std::move(content.owner), describe(name));
}

std::string ArrayFile::describe(const std::string& name) const {
  return name.empty() ? fmt::format("'{}'", path_) : fmt::format("array '{}' of '{}'", name, path_);
}

}  // namespace quant
