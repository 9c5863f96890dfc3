#include <gtest/gtest.h>

#include "app/recommend_command.h"

namespace quant {
namespace {

// Of each role a different number of bytes, so that each may be seen in a sum.
WeightBytes bytesOfEachRole() {
  WeightBytes bytes;
  bytes.convolution = 3200;
  bytes.product = 6400;
  bytes.recurrent = 320;
  bytes.embedding = 640;
  bytes.other_float = 32;
  bytes.other = 7;
  return bytes;
}

TEST(EstimateBytes, HalvesEveryFloatForHalfPrecision) {
  EXPECT_EQ(estimateBytes(bytesOfEachRole(), Mode::kFp16), (3200 + 6400 + 320 + 640 + 32) / 2 + 7);
}

TEST(EstimateBytes, TakesAQuarterOfWhatAModeQuantizes) {
  EXPECT_EQ(estimateBytes(bytesOfEachRole(), Mode::kPtqInt8), 800 + 1600 + 80 + 160 + 32 + 7);
  EXPECT_EQ(estimateBytes(bytesOfEachRole(), Mode::kDynamic), 3200 + 1600 + 80 + 160 + 32 + 7);
  EXPECT_EQ(estimateBytes(bytesOfEachRole(), Mode::kWeightOnly), 800 + 1600 + 80 + 160 + 32 + 7);
}

TEST(EstimateBytes, CountsTheScalesOfBlocksOfFourBits) {
  EXPECT_EQ(estimateBytes(bytesOfEachRole(), Mode::kWeightOnly, 4), 800 + 1000 + 80 + 100 + 32 + 7);  // 5 of 32 bits
}

TEST(AdviseMode, TakesStaticInt8ForConvolutions) {
  EXPECT_EQ(adviseMode({ModelKind::kConvolutional, 1, bytesOfEachRole()})->mode, Mode::kPtqInt8);
}

TEST(AdviseMode, HasNoneForWhatIsQuantizedAlready) {
  WeightBytes bytes;
  bytes.small_integers = 1000;
  bytes.other_float = 10;
  EXPECT_FALSE(adviseMode({ModelKind::kConvolutional, 1010, bytes}));
}

}  // namespace
}  // namespace quant
