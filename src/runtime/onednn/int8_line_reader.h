#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/onednn/int8_source.h"

namespace quant::onednn {

/// The lines of a sample's image that windows read as they move down. Where the image has to be a copy, only the lines
/// asked for are copied, and kept while the next windows need them: they stay in the cache.
class LineReader {
 public:
  /// `depth` and `height` are how many planes and lines windows reach over at a time.
  LineReader(const ConvolutionGeometry& geometry, const SourceImage& image, const SourceBytes& src, int64_t depth,
             int64_t height)
      : geometry_(geometry), image_(image), src_(src), kept_depth_(depth), kept_height_(height) {
    if (!image.isCopy()) return;
    kept_.assign(static_cast<size_t>(depth * height), -1);
    copies_.resize(kept_.size() * static_cast<size_t>(slotBytes()));
  }

  /// Line `height` of plane `depth` of the image. It stays until one is read that lies as many lines or planes further
  /// as are kept.
  const std::byte* line(int64_t depth, int64_t height) {
    if (kept_.empty()) {
      return reinterpret_cast<const std::byte*>(src_.data) + depth * image_.planeBytes() + height * image_.lineBytes();
    }
    const int64_t line = depth * geometry_.axes[1].covered() + height;
    const auto slot = static_cast<size_t>(depth % kept_depth_ * kept_height_ + height % kept_height_);
    std::byte* const to = copies_.data() + slot * static_cast<size_t>(slotBytes());
    if (kept_[slot] != line) image_.copyLine(line, src_, to);
    kept_[slot] = line;
    return to;
  }

 private:
  [[nodiscard]] int64_t slotBytes() const { return image_.lineBytes() + kPanelColumns; }

  const ConvolutionGeometry& geometry_;
  const SourceImage& image_;
  SourceBytes src_;
  int64_t kept_depth_, kept_height_;
  std::vector<int64_t> kept_;  // which line is where in `copies_`
  std::vector<std::byte> copies_;
};

}  // namespace quant::onednn
