#include "runtime/interleave.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace quant {
namespace {

template <class Word>
void expectColoursSideBySide() {
  for (const int64_t count : {0, 1, 7, 15, 16, 17, 50, 20'000}) {  // the last one in several threads
    std::vector<Word> planes(static_cast<size_t>(3 * count)), dst(planes.size());
    std::iota(planes.begin(), planes.end(), Word{0});
    interleaveColours(planes.data(), dst.data(), count);
    for (int64_t i = 0; i < 3 * count; ++i) {
      ASSERT_EQ(dst[static_cast<size_t>(i)], planes[static_cast<size_t>(i % 3 * count + i / 3)]) << count << ' ' << i;
    }
  }
}

TEST(InterleaveColours, PutsTheColoursOfAPixelSideBySide) {
  expectColoursSideBySide<uint8_t>();
  expectColoursSideBySide<uint32_t>();
}

}  // namespace
}  // namespace quant
