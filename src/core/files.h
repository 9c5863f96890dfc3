#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace quant {

/// The whole file. Throws (bad input) with the path and the system's reason.
std::string readFile(const std::filesystem::path& path);

/// A file mapped into memory for reading: pages are loaded when they are touched and need no swap.
class MappedFile {
 public:
  /// Throws (bad input) with the path and the system's reason.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {address_, size_}; }

 private:
  MappedFile(const std::byte* address, size_t size);

  const std::byte* address_;
  size_t size_;
};

/// Bytes that were read and will not be needed soon: where they lie in a mapped file, their pages leave memory, and
/// come back by themselves when they are touched. Other memory is left alone.
void releasePages(std::span<const std::byte> bytes);

/// Throws (bad input) when `path` cannot become a file: its folder is missing, or it is a folder or a device. To be
/// asked before long work.
void requireWritable(const std::filesystem::path& path);

/// A file that appears under its final name only when it is complete: it is written beside it under a temporary name,
/// renamed by `commit`, and removed if `commit` is never reached.
class PendingFile {
 public:
  /// Throws (bad input) when the folder is missing, or when something other than a regular file has that name.
  explicit PendingFile(std::filesystem::path final_path);
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  ~PendingFile();

  /// Where to write until `commit`.
  [[nodiscard]] const std::filesystem::path& path() const { return temporary_; }
  /// Flushes to disk and renames. Throws (bad input) with both paths and the system's reason.
  void commit();

 private:
  std::filesystem::path final_, temporary_;
  bool committed_ = false;
};

/// Writes `content` through a PendingFile.
void writeFile(const std::filesystem::path& path, std::string_view content);

/// FNV-1a, 64 bits; pass the previous result to hash several pieces.
uint64_t hashBytes(std::span<const std::byte> bytes, uint64_t seed = 0xcbf29ce484222325U);

/// "17.3 MB" (powers of 1000).
std::string humanSize(uint64_t bytes);

}  // namespace quant
