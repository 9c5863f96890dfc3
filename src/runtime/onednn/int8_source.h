#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/onednn/int8_geometry.h"

namespace quant::onednn {

/// Bytes to read as q - zero point: signed ones are handled as unsigned ones, with `flip` 0x80.
struct SourceBytes {
  const uint8_t* data;
  int32_t zero_point;  // of the unsigned bytes
  uint8_t flip;
};

/// One sample's image as the kernels of our own read it: channels-last, padding included. It is the source itself where
/// that will do, else a copy.
class SourceImage {
 public:
  enum class Numbers {
    kBytes,  ///< unsigned; padding is the zero point
    kWords,  ///< int16, less the zero point; padding is 0
  };

  /// How kernels read it.
  struct Reading {
    int64_t channels;    ///< neighbouring numbers of a pixel ...
    int64_t read_bytes;  ///< ... in pieces of so many bytes, of which the last one may reach too far
  };

  SourceImage(const ConvolutionGeometry& geometry, Numbers numbers, bool is_signed, const Reading& reading);

  [[nodiscard]] bool isCopy() const { return is_copy_; }
  /// Bytes of a copy.
  [[nodiscard]] int64_t byteSize() const { return lines_ * line_bytes_ + read_bytes_; }
  /// Lines along the width that a copy is made of.
  [[nodiscard]] int64_t lines() const { return lines_; }
  void copyLine(int64_t line, const SourceBytes& src, std::byte* to) const;

  [[nodiscard]] int64_t numberBytes() const { return number_bytes_; }
  [[nodiscard]] int64_t pixelBytes() const { return pixel_bytes_; }
  [[nodiscard]] int64_t lineBytes() const { return line_bytes_; }
  [[nodiscard]] int64_t planeBytes() const { return plane_bytes_; }

 private:
  void convert(const SourceBytes& src, int64_t at, int64_t count, std::byte* to) const;

  ConvolutionGeometry geometry_;
  int64_t read_bytes_, number_bytes_, pixel_bytes_, line_bytes_, plane_bytes_, lines_;
  bool is_copy_;
};

/// Memory for copies: grows, belongs to one form. Lines of all images are copied by the threads of the team that calls.
class SourceScratch {
 public:
  /// At least `bytes`, aligned for vectors.
  std::byte* reserve(int64_t bytes);

 private:
  Tensor memory_;
};

/// Widens bytes to 16 bits: dst[i] = (src[i] ^ flip) - zero_point, for `zero_point` in terms of the unsigned bytes.
void widenRun(const uint8_t* src, int64_t count, int32_t zero_point, uint8_t flip, int16_t* dst);

}  // namespace quant::onednn
