#include "eval/isa_effects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/onnx_text.h"
#include "support/two_samples.h"

namespace quant {
namespace {

// Sources are 255 in one sample and 0 in the other. The first layer's pair of weights saturates, the second's does not.
constexpr const char* kTwoLayers = R"(g (float[1,2,1,1] x) => (float[1,1,1,1] y, float[1,1,1,1] y2)
  <float s = {0.00392156862745098}, uint8 z = {0}, float one = {1}, int8 wz = {0}, float half = {0.5},
   int8[1,2,1,1] w = {127, 127}, int8[1,2,1,1] w2 = {64, 64}> {
    xq = QuantizeLinear(x, s, z)
    xd = DequantizeLinear(xq, s, z)
    wd = DequantizeLinear(w, one, wz)
    [first] a = Conv(xd, wd)
    aq = QuantizeLinear(a, one, z)
    y = DequantizeLinear(aq, one, z)
    w2d = DequantizeLinear(w2, one, wz)
    [second] b = Conv(xd, w2d)
    bq = QuantizeLinear(b, one, z)
    y2 = DequantizeLinear(bq, one, z)
  })";

TEST(IsaEffects, AreThoseOfSixteenBitSumsOfPairsInEachLayer) {
  const IsaEffects effects = measureIsaEffects(test::parseGraph(kTwoLayers, 13), test::TwoSamples({1, 2, 1, 1}), 2);
  EXPECT_EQ(effects.samples, 2);
  ASSERT_EQ(effects.layers.size(), 2);
  const LayerEffect& first = effects.layers[0];  // 255 * 254 / 255 = 254 becomes 32767 / 255 = 128
  EXPECT_THAT(first.node, testing::StartsWith("first"));
  EXPECT_EQ(first.op_type, "QLinearConv");
  EXPECT_DOUBLE_EQ(first.changed, 0.5);
  EXPECT_DOUBLE_EQ(first.max_change, 126);
  EXPECT_NEAR(first.sqnr, 10 * std::log10(254.0 * 254 / (126 * 126)), 1e-9);
  EXPECT_EQ(effects.layers[1].changed, 0);
  EXPECT_TRUE(std::isinf(effects.layers[1].sqnr));
}

TEST(IsaEffects, OfAFloatModelAreNone) {
  const auto graph = test::parseGraph(R"(g (float[1,2] x) => (float[1,2] y) { y = Relu(x) })", 13);
  EXPECT_TRUE(measureIsaEffects(graph, test::TwoSamples({1, 2}), 2).layers.empty());
}

}  // namespace
}  // namespace quant
