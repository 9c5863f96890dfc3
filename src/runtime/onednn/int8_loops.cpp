#include "runtime/onednn/int8_loops.h"

#include "core/for_each_cpu.h"
#include "runtime/is_nan.h"

namespace quant::onednn {

namespace {

constexpr int32_t kSignBit = 0x80;

/// A ByteScale in terms of the unsigned bytes.
struct Reader {
  float scale;
  int32_t zero_point;
  int32_t flip;

  explicit Reader(const ByteScale& from)
      : scale(from.scale), zero_point(from.zero_point + (from.flip != 0 ? kSignBit : 0)), flip(from.flip) {}
  [[nodiscard]] float operator()(uint8_t byte) const { return static_cast<float>((byte ^ flip) - zero_point) * scale; }
};

struct Writer {
  float scale, low, high;
  int32_t zero_point, flip;

  explicit Writer(const ByteScale& to)
      : scale(to.scale), zero_point(to.zero_point + (to.flip != 0 ? kSignBit : 0)), flip(to.flip) {
    low = static_cast<float>(-zero_point);
    high = static_cast<float>(255 - zero_point);
  }
  [[nodiscard]] uint8_t operator()(float real) const {
    constexpr float kMagic = 0x1.8p23F;  // floats next to it are one apart: adding it rounds half to even
    const float x = real / scale;
    const float number = isNan(x) ? 0 : x;
    const float raised = number > low ? number : low;
    const float clamped = raised < high ? raised : high;
    const auto rounded = static_cast<int32_t>((clamped + kMagic) - kMagic);
    return static_cast<uint8_t>((rounded + zero_point) ^ flip);
  }
};

}  // namespace

QUANTIZE_FOR_EACH_CPU
void quantizeRun(const float* __restrict src, uint8_t* __restrict dst, int64_t count, ByteScale to) {
  const Writer write(to);
  for (int64_t i = 0; i < count; ++i) dst[i] = write(src[i]);
}

QUANTIZE_FOR_EACH_CPU
void quantizeLevelledRun(const float* __restrict src, const float* __restrict factors, uint8_t* __restrict dst,
                         int64_t count, ByteScale to) {
  const Writer write(to);
  for (int64_t i = 0; i < count; ++i) dst[i] = write(src[i] * factors[i]);
}

QUANTIZE_FOR_EACH_CPU
void addRun(const uint8_t* a, const uint8_t* b, uint8_t* __restrict dst, int64_t count, const BinaryScales& scales) {
  const Reader read_a(scales.a), read_b(scales.b);
  const Writer write(scales.dst);
  for (int64_t i = 0; i < count; ++i) dst[i] = write(read_a(a[i]) + read_b(b[i]));
}

QUANTIZE_FOR_EACH_CPU
void multiplyRun(const uint8_t* a, const uint8_t* b, uint8_t* __restrict dst, int64_t count,
                 const BinaryScales& scales) {
  const Reader read_a(scales.a), read_b(scales.b);
  const Writer write(scales.dst);
  for (int64_t i = 0; i < count; ++i) dst[i] = write(read_a(a[i]) * read_b(b[i]));
}

QUANTIZE_FOR_EACH_CPU
void addOneRun(const uint8_t* a, uint8_t b, uint8_t* __restrict dst, int64_t count, const BinaryScales& scales) {
  const Reader read_a(scales.a);
  const Writer write(scales.dst);
  const float real_b = Reader(scales.b)(b);
  for (int64_t i = 0; i < count; ++i) dst[i] = write(read_a(a[i]) + real_b);
}

QUANTIZE_FOR_EACH_CPU
void multiplyOneRun(const uint8_t* a, uint8_t b, uint8_t* __restrict dst, int64_t count, const BinaryScales& scales) {
  const Reader read_a(scales.a);
  const Writer write(scales.dst);
  const float real_b = Reader(scales.b)(b);
  for (int64_t i = 0; i < count; ++i) dst[i] = write(read_a(a[i]) * real_b);
}

QUANTIZE_FOR_EACH_CPU
void accumulateRun(const uint8_t* __restrict src, int32_t* __restrict totals, int64_t count, uint8_t flip) {
  const int32_t bias = flip != 0 ? kSignBit : 0;
  for (int64_t i = 0; i < count; ++i) totals[i] += (src[i] ^ flip) - bias;
}

}  // namespace quant::onednn
