#include "dataset/array_file.h"

#include <algorithm>

#include "core/error.h"
#include "dataset/file_kind.h"

namespace quant {

namespace {

constexpr std::string_view kEntrySuffix = ".npy";

}  // namespace

ArrayFile::ArrayFile(SharedBytes file, std::string name) : file_(std::move(file)), name_(std::move(name)) {
  switch (recognizeContent(file_.bytes)) {
    case Content::kNpy: headers_.emplace("", parseNpyHeader(file_.bytes, describe(""))); return;
    case Content::kZip: readArchive(); return;
    case Content::kJpeg:
    case Content::kPng:
    case Content::kOtherPicture:
    case Content::kEmpty:
    case Content::kOther: break;
  }
  throwBadInput("'{}' is not a .npy or .npz file: it {}", name_, describeContent(file_.bytes));
}

void ArrayFile::readArchive() {
  archive_.emplace(file_, name_);
  for (size_t i = 0; i < archive_->entries().size(); ++i) {
    const ZipFile::Entry& entry = archive_->entries()[i];
    if (!entry.name.ends_with(kEntrySuffix)) continue;
    const std::string name = entry.name.substr(0, entry.name.size() - kEntrySuffix.size());
    const auto start = archive_->readStart(entry, kNpyHeaderBytes);
    headers_.emplace(name, parseNpyHeader(start.bytes, describe(name)));
    entries_.emplace(name, i);
  }
  if (headers_.empty()) throwBadInput("'{}' is a zip archive without arrays ('NAME.npy')", name_);
}

Tensor ArrayFile::read(const std::string& name) const {
  if (!archive_) return readNpy(file_, describe(name));
  return readNpy(archive_->read(archive_->entries()[entries_.at(name)]), describe(name));
}

std::string ArrayFile::describe(const std::string& name) const {
  return name.empty() ? fmt::format("'{}'", name_) : fmt::format("array '{}' of '{}'", name, name_);
}

}  // namespace quant
