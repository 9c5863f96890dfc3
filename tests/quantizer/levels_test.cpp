#include "quantizer/levels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/graph.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using testing::Each;
using testing::FloatNear;

/// A MatMul whose weights are all 1.
struct Ones {
  Graph graph = test::parseGraph(R"(g (float[1,4] x) => (float[1,2] y)
      <float[4,2] w = {1, 1, 1, 1, 1, 1, 1, 1}> { y = MatMul(x, w) })");
  std::vector<LevelledWeights> readers = {
      {graph.constant("w"), WeightRows(*graph.producer("y"), graph.constant("w")->shape())}};
};

TEST(FindLevels, ChannelsOfOneWidthStayAsTheyAre) {
  const Ones ones;
  const ChannelSpread spread{{-1, -1, -1, -1}, {1, 1, 1, 1}, {0.3, 0.3, 0.3, 0.3}};
  EXPECT_EQ(findLevels(spread, ones.readers, 1.5), std::nullopt);
}

TEST(FindLevels, AWideChannelIsDividedByMore) {
  const Ones ones;
  const ChannelSpread spread{{-1, -1, -1, -64}, {1, 1, 1, 64}, {0.3, 0.3, 0.3, 2}};
  const auto levels = findLevels(spread, ones.readers, 1.5);
  ASSERT_TRUE(levels.has_value());
  EXPECT_GT(levels->gain, 1.5);
  EXPECT_EQ(levels->factors[0], levels->factors[1]);
  EXPECT_GT(levels->factors[3], 4 * levels->factors[0]);
}

TEST(FindLevels, LevelsHaveTheGeometricMeanOne) {
  const Ones ones;
  const ChannelSpread spread{{-1, -1, -1, -64}, {1, 1, 1, 64}, {0.3, 0.3, 0.3, 2}};
  const auto levels = findLevels(spread, ones.readers, 1.5);
  double product = 1;
  for (const float level : levels->factors) product *= level;
  EXPECT_NEAR(product, 1, 1e-5);
}

TEST(FindLevels, AValueThatIsAlwaysZeroHasNone) {
  const Ones ones;
  EXPECT_EQ(findLevels({{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}}, ones.readers, 1.5), std::nullopt);
}

// In a few samples a channel may not have shown how far it reaches. What goes beyond its level widens the range of all.

TEST(FindLevels, AChannelThatIsAlwaysZeroIsAUsualOne) {
  const Ones ones;
  const auto levels = findLevels({{0, -1, -1, -64}, {0, 1, 1, 64}, {0, 0.3, 0.3, 2}}, ones.readers, 1.0);
  ASSERT_TRUE(levels.has_value());
  EXPECT_EQ(levels->factors[0], levels->factors[1]);
}

TEST(FindLevels, ANarrowChannelIsASixteenthOfAUsualOneAtLeast) {
  const Ones ones;
  const auto levels = findLevels({{0, -1, -1, -64}, {1e-6F, 1, 1, 64}, {0, 0.3, 0.3, 2}}, ones.readers, 1.0);
  ASSERT_TRUE(levels.has_value());
  EXPECT_LT(levels->factors[1], 16.01F * levels->factors[0]);
}

TEST(FindLevels, RareChannelsGainNothing) {
  const Ones ones;
  EXPECT_EQ(findLevels({{0, 0, 0, -1}, {0, 0, 0, 1}, {0, 0, 0, 0.3}}, ones.readers, 1.5), std::nullopt);
}

}  // namespace
}  // namespace quant
