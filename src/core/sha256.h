#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace quant {

/// SHA-256 (FIPS 180-4), by which reports name files: anybody can check it with `sha256sum`.
class Sha256 {
 public:
  void add(std::span<const std::byte> bytes);
  /// 64 small hexadecimal digits. Nothing can be added afterwards.
  [[nodiscard]] std::string finish();

 private:
  static constexpr size_t kBlock = 64;

  void addBlock(const std::byte* block);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, kBlock> rest_ = {};
  uint64_t size_ = 0;
};

/// Of a whole file. Throws (bad input) with the path when it cannot be read.
std::string sha256OfFile(const std::filesystem::path& path);

}  // namespace quant
