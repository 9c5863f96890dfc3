#pragma once

#include <cstdint>

namespace quant {

/// dst[3 i + c] = planes[c * count + i] for the three colours of a picture.
void interleaveColours(const uint8_t* planes, uint8_t* dst, int64_t count);
void interleaveColours(const uint32_t* planes, uint32_t* dst, int64_t count);

}  // namespace quant
