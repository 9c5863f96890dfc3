#include "eval/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/detector.h"
#include "support/onnx_text.h"
#include "support/two_samples.h"

namespace quant {
namespace {

// The first Conv is a group, the others have float weights.
constexpr const char* kMixed = R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y)
  <float s = {0.0078125}, uint8 z = {128}, float ws = {0.0078125}, int8 wz = {0}, int8[1,1,1,1] w = {64},
   float[1,1,1,1] real = {0.5}> {
    xq = QuantizeLinear(x, s, z)
    xd = DequantizeLinear(xq, s, z)
    wd = DequantizeLinear(w, ws, wz)
    [group] a = Conv(xd, wd)
    aq = QuantizeLinear(a, s, z)
    ad = DequantizeLinear(aq, s, z)
    [swish] b = Conv(ad, real)
    h = HardSwish(b)
    hq = QuantizeLinear(h, s, z)
    hd = DequantizeLinear(hq, s, z)
    [last] y = Conv(hd, real)
  })";

TEST(Verification, ListsConvolutionsThatRanInFloatAndTheirShareOfTheWork) {
  const Graph quantized = test::parseGraph(kMixed, 14);
  const test::TwoSamples dataset({1, 1, 2, 2});
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    const auto result = verify(runFloat(quantized, dataset, 2), quantized, backend, dataset);
    EXPECT_EQ(result.macs.total, 12);
    EXPECT_EQ(result.macs.int8, 4);
    ASSERT_EQ(result.float_nodes.size(), 2);
    EXPECT_THAT(result.float_nodes[0], testing::HasSubstr("swish ("));
    EXPECT_EQ(result.float_nodes[1], "last (Conv)");
  }
}

TEST(Verification, ComparesEachOutputOverAllSamples) {
  const Graph real = test::parseGraph("g (float[1,2] x) => (float[1,2] y) <float[2] c = {1, 0}> { y = Mul(x, c) }");
  const Graph other = test::parseGraph("g (float[1,2] x) => (float[1,2] y) <float[2] c = {1, 0.5}> { y = Mul(x, c) }");
  const test::TwoSamples dataset({1, 2});
  const auto result = verify(runFloat(real, dataset, 2), other, Backend::kReference, dataset);
  ASSERT_EQ(result.outputs.size(), 1);
  EXPECT_EQ(result.samples, 2);
  EXPECT_EQ(result.outputs[0].agreement.maxError(), 0.5);
  // (1, 0) and (1, 0.5); then (-1, 0) and (-1, -0.5): the largest element stays where it was.
  EXPECT_EQ(result.outputs[0].top1, 1.0);
}

TEST(Verification, ComparesHalvesWithFloats) {
  const Graph real = test::parseGraph("g (float[1,2] x) => (float[1,2] y) <float[2] c = {1, 0}> { y = Mul(x, c) }");
  const Graph half = test::parseGraph(
      "g (float16[1,2] x) => (float16[1,2] y) <float[2] c = {1, 0.5}> { k = Cast<to = 10>(c) y = Mul(x, k) }");
  const test::TwoSamples dataset({1, 2});
  const auto result = verify(runFloat(real, dataset, 2), half, Backend::kReference, dataset);
  EXPECT_EQ(result.outputs[0].agreement.elements(), 4);
  EXPECT_EQ(result.outputs[0].agreement.maxError(), 0.5);
}

TEST(Verification, LeavesOutSamplesWithAnotherNumberOfFindings) {
  const Graph real = test::detector("0"), other = test::detector("2");
  const test::TwoSamples dataset({1, 2});
  const auto result = verify(runFloat(real, dataset, 2), other, Backend::kReference, dataset);
  ASSERT_EQ(result.outputs.size(), 2);
  EXPECT_EQ(result.outputs[0].agreement.otherShapes(), 1);
  EXPECT_EQ(result.outputs[0].agreement.otherShape(), "[1,1] instead of [2,1]");
  EXPECT_EQ(result.outputs[0].top1, std::nullopt);
}

TEST(Verification, CountsEqualIntegersInsteadOfMeasuringTheirDistance) {
  const Graph real = test::parseGraph(
      "g (float[1,2] x) => (int64[1,2] y) <float[2] c = {7, 9}> { m = Mul(x, c) y = Cast<to = 7>(m) }");
  const Graph other = test::parseGraph(
      "g (float[1,2] x) => (int64[1,2] y) <float[2] c = {7, 8}> { m = Mul(x, c) y = Cast<to = 7>(m) }");
  const test::TwoSamples dataset({1, 2});
  const auto result = verify(runFloat(real, dataset, 2), other, Backend::kReference, dataset);
  EXPECT_EQ(result.outputs[0].equal, 0.5);
  EXPECT_EQ(result.outputs[0].agreement.elements(), 0);
}

}  // namespace
}  // namespace quant
