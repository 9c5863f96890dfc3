#include "runtime/onednn/int8_source.h"

#include <algorithm>
#include <cstring>

#include "core/for_each_cpu.h"

namespace quant::onednn {

SourceImage::SourceImage(const ConvolutionGeometry& geometry, Numbers numbers, bool is_signed, const Reading& reading)
    : geometry_(geometry), read_bytes_(reading.read_bytes), number_bytes_(numbers == Numbers::kWords ? 2 : 1) {
  const auto& [depth, height, width] = geometry.axes;
  const bool is_padded = depth.isPadded() || height.isPadded() || width.isPadded();
  pixel_bytes_ = geometry.in_channels * number_bytes_;
  is_copy_ =
      numbers == Numbers::kWords || is_signed || is_padded || reading.channels * number_bytes_ % read_bytes_ != 0;
  line_bytes_ = (is_copy_ ? width.covered() : width.in) * pixel_bytes_;
  plane_bytes_ = (is_copy_ ? height.covered() : height.in) * line_bytes_;
  lines_ = depth.covered() * height.covered();
}

void SourceImage::copyLine(int64_t line, const SourceBytes& src, std::byte* to) const {
  const auto& [depth, height, width] = geometry_.axes;
  const int64_t d = line / height.covered() - depth.pad, h = line % height.covered() - height.pad;
  const auto fill = [&](int64_t from, int64_t until) {  // pixels of padding
    const int value = number_bytes_ == 2 ? 0 : src.zero_point;
    std::memset(to + from * pixel_bytes_, value, static_cast<size_t>((until - from) * pixel_bytes_));
  };
  const int64_t covered = width.covered();
  if (d < 0 || d >= depth.in || h < 0 || h >= height.in) return fill(0, covered);
  const int64_t first = std::clamp<int64_t>(width.pad, 0, covered);
  const int64_t last = std::clamp<int64_t>(width.pad + width.in, first, covered);
  fill(0, first);
  fill(last, covered);
  const int64_t pixel = (d * height.in + h) * width.in + (first - width.pad);
  convert(src, pixel * geometry_.in_channels, (last - first) * geometry_.in_channels, to + first * pixel_bytes_);
}

void SourceImage::convert(const SourceBytes& src, int64_t at, int64_t count, std::byte* to) const {
  if (number_bytes_ == 2) {
    widenRun(src.data + at, count, src.zero_point, src.flip, reinterpret_cast<int16_t*>(to));
  } else if (src.flip == 0) {
    std::memcpy(to, src.data + at, static_cast<size_t>(count));
  } else {
    std::transform(src.data + at, src.data + at + count, reinterpret_cast<uint8_t*>(to),
                   [&src](uint8_t byte) { return static_cast<uint8_t>(byte ^ src.flip); });
  }
}

std::byte* SourceScratch::reserve(int64_t bytes) {
  if (memory_.elementCount() < bytes) memory_ = Tensor(DataType::kUInt8, {bytes});
  return static_cast<std::byte*>(memory_.bytes());
}

QUANTIZE_FOR_EACH_CPU
void widenRun(const uint8_t* __restrict src, int64_t count, int32_t zero_point, uint8_t flip, int16_t* __restrict dst) {
  const auto zero = static_cast<int16_t>(zero_point);
  for (int64_t i = 0; i < count; ++i) dst[i] = static_cast<int16_t>(static_cast<int16_t>(src[i] ^ flip) - zero);
}

}  // namespace quant::onednn
