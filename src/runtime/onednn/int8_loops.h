#pragma once

#include <cstdint>

namespace quant::onednn {

// Inner loops over neighbouring 8-bit elements. They give what the reference kernels give, bit for bit, and exist once
// for AVX2 and once for any x86-64: the CPU chooses when the program is loaded.
//
// Elements are handled as unsigned bytes. Signed ones are the same but for their first bit: `flip` is 0x80 for them,
// and 0 for unsigned ones.

/// real = scale * (q - zero_point), with what the bytes need to be read as q.
struct ByteScale {
  float scale = 1;
  int32_t zero_point = 0;
  uint8_t flip = 0;
};

/// dst = saturate(round half to even(src / scale) + zero_point); NaN becomes the zero point.
void quantizeRun(const float* src, uint8_t* dst, int64_t count, ByteScale to);

/// The same of src times one factor for each element.
void quantizeLevelledRun(const float* src, const float* factors, uint8_t* dst, int64_t count, ByteScale to);

/// What two operands and their result mean.
struct BinaryScales {
  ByteScale a, b, dst;
};

/// dst = quantize(real(a) + real(b)), or the product.
void addRun(const uint8_t* a, const uint8_t* b, uint8_t* dst, int64_t count, const BinaryScales& scales);
void multiplyRun(const uint8_t* a, const uint8_t* b, uint8_t* dst, int64_t count, const BinaryScales& scales);
/// The same with one `b` for all of `a`.
void addOneRun(const uint8_t* a, uint8_t b, uint8_t* dst, int64_t count, const BinaryScales& scales);
void multiplyOneRun(const uint8_t* a, uint8_t b, uint8_t* dst, int64_t count, const BinaryScales& scales);

/// totals[i] += src[i] read as q.
void accumulateRun(const uint8_t* src, int32_t* totals, int64_t count, uint8_t flip);

}  // namespace quant::onednn
