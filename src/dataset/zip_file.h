#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataset/shared_bytes.h"

namespace quant {

/// A zip archive, as far as .npz files need it: entries stored or deflated, with 64-bit sizes, without encryption and
/// parts. Everything in the file is checked before it is believed.
class ZipFile {
 public:
  struct Entry {
    std::string name;
    uint16_t method = 0;
    uint16_t flags = 0;
    uint32_t crc = 0;
    uint64_t packed_size = 0;
    uint64_t size = 0;
    uint64_t header_offset = 0;
  };

  /// Reads the table of contents. Throws (bad input) with `name`.
  ZipFile(SharedBytes file, std::string name);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  /// The whole entry, its checksum compared: a view of the file where it is stored. Throws (bad input, unsupported).
  [[nodiscard]] SharedBytes read(const Entry& entry) const;
  /// The first bytes of the entry, at most `count`.
  [[nodiscard]] SharedBytes readStart(const Entry& entry, size_t count) const;

 private:
  [[nodiscard]] std::span<const std::byte> packedBytes(const Entry& entry) const;
  [[nodiscard]] SharedBytes unpack(const Entry& entry, size_t count) const;

  SharedBytes file_;
  std::string name_;
  std::vector<Entry> entries_;
};

}  // namespace quant
