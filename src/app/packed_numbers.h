#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace quant {

// Many numbers in few characters of a page: two digits of 64 characters each, on a logarithmic scale. Good for drawing:
// a count is off by at most 0.6 %, a size by at most 0.3 %.

/// round(64 log2(1 + count)), at most 4095.
std::string packCounts(std::span<const int64_t> counts);

/// How far each size is below `largest`: 1 + round(128 log2(largest / size)), at most 4095; 0 for a size of zero.
std::string packSizes(std::span<const float> sizes, float largest);

}  // namespace quant
