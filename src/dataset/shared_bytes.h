#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "core/files.h"

namespace quant {

/// Bytes, and what keeps them alive.
struct SharedBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
};

/// A file, mapped into memory. Throws (bad input) with the path and the system's reason.
inline SharedBytes mapFile(const std::filesystem::path& path) {
  auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  return {bytes, std::move(file)};
}

}  // namespace quant
