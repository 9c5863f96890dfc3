#include "runtime/interleave.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace quant {
namespace {

TEST(InterleaveColours, PutsTheColoursOfAPixelSideBySide) {
  for (const int64_t count : {0, 1, 15, 16, 17, 50}) {
    std::vector<uint8_t> planes(static_cast<size_t>(3 * count)), dst(planes.size());
    std::iota(planes.begin(), planes.end(), uint8_t{0});
    interleaveColours(planes.data(), dst.data(), count);
    for (int64_t i = 0; i < 3 * count; ++i) {
      EXPECT_EQ(dst[static_cast<size_t>(i)], planes[static_cast<size_t>(i % 3 * count + i / 3)]) << count << ' ' << i;
    }
  }
}

}  // namespace
}  // namespace quant
