#include "app/packed_numbers.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace quant {
namespace {

TEST(PackedNumbers, CountsAreSixtyFourStepsForEachDoubling) {
  // 0 -> 0 "AA"; 1 -> 64 "BA"; 3 -> 128 "CA"; 2 -> round(64 log2(3)) = 101 "Bl".
  EXPECT_EQ(packCounts(std::vector<int64_t>{0, 1, 3, 2}), "AABACABl");
}

TEST(PackedNumbers, TheLargestCountStillFits) {
  EXPECT_EQ(packCounts(std::vector<int64_t>{std::numeric_limits<int64_t>::max()}), "_A");  // 63 * 64
}

TEST(PackedNumbers, SizesAreTheirDistanceFromTheLargest) {
  // The largest -> 1 "AB"; half of it -> 129 "CB"; zero -> "AA".
  EXPECT_EQ(packSizes(std::vector<float>{2, 1, 0}, 2), "ABCBAA");
}

TEST(PackedNumbers, AVanishingSizeIsNotTakenForZero) { EXPECT_EQ(packSizes(std::vector<float>{1e-30F}, 1e30F), "__"); }

}  // namespace
}  // namespace quant
