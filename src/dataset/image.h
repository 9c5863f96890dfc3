#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace quant {

struct ImageSize {
  int width = 0;
  int height = 0;
  bool operator==(const ImageSize&) const = default;
};

/// A picture of 8 bits a channel, rows from the top, channels interleaved: 1 (gray) or 3 (red, green, blue).
struct Image {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::vector<uint8_t> pixels;

  Image() = default;
  /// A black picture.
  Image(ImageSize size, int channel_count);
  [[nodiscard]] size_t rowBytes() const { return static_cast<size_t>(width) * static_cast<size_t>(channels); }
  [[nodiscard]] const uint8_t* row(int y) const { return pixels.data() + static_cast<size_t>(y) * rowBytes(); }
  [[nodiscard]] uint8_t* row(int y) { return pixels.data() + static_cast<size_t>(y) * rowBytes(); }
};

/// Reads a JPEG or PNG file, whatever its name, to the same pixels as Pillow's `Image.open(path).convert("RGB")`, or
/// "L" for gray: palettes and CMYK become red, green, blue; alpha is dropped; EXIF rotation is not applied. Of 16 bits
/// the upper 8 stay. Throws (bad input) with the path for other formats, damaged and truncated files, and pictures of
/// more than 2^28 pixels.
Image decodeImage(const std::filesystem::path& path);
/// The same for a file in memory; `name` stands in errors.
Image decodeImage(std::span<const std::byte> file, const std::string& name);

}  // namespace quant
