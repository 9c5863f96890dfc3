#include "quantizer/weight_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/onnx_text.h"

namespace quant {
namespace {

using test::parseGraph;
using testing::ElementsAre;

/// The rows of the only node in "y = OP(x, w)".
WeightRows rowsOf(const std::string& op, const Shape& weights) {
  const Graph graph = parseGraph("g (float[N] x, float[N] w) => (float[N] y) { y = " + op + "(x, w) }");
  return {*graph.producer("y"), weights};
}

std::vector<size_t> indices(const WeightRows& rows, size_t row) {
  std::vector<size_t> all;
  for (size_t k = 0; k < rows.length(); ++k) all.push_back(rows.at(row, k));
  return all;
}

TEST(WeightRows, OfAConvGoPositionByPosition) {
  const WeightRows rows = rowsOf("Conv", {2, 3, 1, 2});
  EXPECT_EQ(rows.rows(), 2);
  EXPECT_THAT(indices(rows, 1), ElementsAre(6, 8, 10, 7, 9, 11));
  EXPECT_EQ(rows.firstInputChannel(1), 0);
}

TEST(WeightRows, OfAGroupedConvReadTheChannelsOfTheirGroup) {
  const WeightRows rows = rowsOf("Conv<group = 2>", {4, 3, 1, 1});
  EXPECT_THAT(indices(rows, 2), ElementsAre(6, 7, 8));
  EXPECT_EQ(rows.inputChannels(), 6);
  EXPECT_EQ(rows.firstInputChannel(1), 0);
  EXPECT_EQ(rows.firstInputChannel(2), 3);
  EXPECT_FALSE(rows.isDepthwise());
}

TEST(WeightRows, KnowDepthwiseConvolutions) {
  EXPECT_TRUE(rowsOf("Conv<group = 4>", {4, 1, 3, 3}).isDepthwise());
  EXPECT_FALSE(rowsOf("Conv<group = 4>", {8, 1, 3, 3}).isDepthwise());
  EXPECT_FALSE(rowsOf("Conv", {4, 1, 3, 3}).isDepthwise());
}

TEST(WeightRows, OfAMatMulAreColumns) {
  EXPECT_THAT(indices(rowsOf("MatMul", {3, 2}), 1), ElementsAre(1, 3, 5));
  EXPECT_THAT(indices(rowsOf("Gemm", {3, 2}), 1), ElementsAre(1, 3, 5));
}

TEST(WeightRows, OfATransposedGemmAreRows) {
  EXPECT_THAT(indices(rowsOf("Gemm<transB = 1>", {2, 3}), 1), ElementsAre(3, 4, 5));
}

TEST(WeightRows, OfAConvTransposeTakeEveryInputChannel) {
  EXPECT_THAT(indices(rowsOf("ConvTranspose", {2, 3, 2}), 1), ElementsAre(2, 8, 3, 9));
  EXPECT_THAT(indices(rowsOf("ConvTranspose<group = 2>", {4, 3, 1}), 4), ElementsAre(7, 10));
}

}  // namespace
}  // namespace quant
