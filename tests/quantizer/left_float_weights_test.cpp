#include "quantizer/left_float_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantizer/placement.h"
#include "quantizer/weight_only_testing.h"

namespace quant {
namespace {

using test::graphWithWeights;
using testing::ElementsAre;
using testing::Pair;

/// Every node as static quantization places it.
LeftFloatWeights leftOf(const Graph& graph, const NodeSelection& selection = {}) {
  Int8Options options;
  options.selection = selection;
  QuantizationPlan plan;
  plan.nodes = place(graph, options).nodes;
  return leftFloatWeights(graph, plan, selection);
}

/// 2 * 256 * 64 weights of an LSTM, 64 * 128 of a product.
Graph recurrent() {
  return graphWithWeights(R"(g (float[5,1,64] x) => (float[5,1,1,128] y) {
      h, last, cell = LSTM<hidden_size = 64>(x, w, r)
      y = MatMul(h, m)
    })",
                          {{"w", {1, 256, 64}}, {"r", {1, 256, 64}}, {"m", {64, 128}}});
}

TEST(LeftFloatWeights, AreThoseOfRecurrentNetworks) {
  const LeftFloatWeights left = leftOf(recurrent());
  EXPECT_EQ(left.bytes, 4 * 2 * 256 * 64);
  EXPECT_EQ(left.all_bytes, 4 * (2 * 256 * 64 + 64 * 128));
  EXPECT_THAT(left.operators, ElementsAre(Pair("LSTM", 1)));
}

TEST(LeftFloatWeights, AreAnnouncedWithTheModesThatStoreThem) {
  EXPECT_EQ(adviceOn(leftOf(recurrent())),
            "80 % of the weights (131.1 kB) stay float, which static int8 has no form for: those of 1 LSTM; "
            "--mode dynamic and --mode weight-only store them in 8 bits");
}

TEST(LeftFloatWeights, OfBodiesCountOnceHoweverManyReadThem) {
  const Graph graph = graphWithWeights(R"(g (bool c, float[2,64] x) => (float[2,64] y, float[2,64] z) {
      y = If (c) <then_branch = t () => (float[2,64] a) { a = MatMul(x, w) },
                  else_branch = e () => (float[2,64] b) { b0 = MatMul(x, w)
                                                          b = Relu(b0) }>
      z = MatMul(x, m)
    })",
                                       {{"w", {64, 64}}, {"m", {64, 64}}});
  const LeftFloatWeights left = leftOf(graph);
  EXPECT_EQ(left.bytes, 4 * 64 * 64);
  EXPECT_EQ(left.all_bytes, 2 * 4 * 64 * 64);
  EXPECT_THAT(left.operators, ElementsAre(Pair("MatMul in a body of If", 2)));
}

TEST(LeftFloatWeights, OfConvolutionsInBodiesAreForWeightOnly) {
  const Graph graph = graphWithWeights(R"(g (bool c, float[1,32,4,4] x) => (float[1,32,4,4] y) {
      y = If (c) <then_branch = t () => (float[1,32,4,4] a) { a = Conv(x, w) },
                  else_branch = e () => (float[1,32,4,4] b) { b = Relu(x) }>
    })",
                                       {{"w", {32, 32, 1, 1}}});
  EXPECT_EQ(adviceOn(leftOf(graph)),
            "100 % of the weights (4.1 kB) stay float, which static int8 has no form for: those of 1 Conv in a body of "
            "If; --mode weight-only stores them in 8 bits");
}

TEST(LeftFloatWeights, DoNotCountWhereTheUserWantsThemFloat) {
  NodeSelection selection;
  selection.exclude_ops = {"LSTM"};
  EXPECT_EQ(leftOf(recurrent(), selection).bytes, 0);
}

TEST(LeftFloatWeights, OfLessThanATenthAreNotWorthASentence) {
  LeftFloatWeights weights;
  weights.bytes = 9;
  weights.all_bytes = 100;
  EXPECT_EQ(adviceOn(weights), "");
}

TEST(LeftFloatWeights, AreNoneInAModelWithoutConstants) { EXPECT_EQ(adviceOn({}), ""); }

}  // namespace
}  // namespace quant
