#include "runtime/lowering/lowering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "support/onnx_text.h"

namespace quant {
namespace {

using test::opTypes;
using test::parseGraph;
using testing::ElementsAre;

constexpr const char* kHeader = R"(g (uint8[1,1,2,2] x) => (uint8[1,1,2,2] y)
  <float xs = {0.5}, uint8 xz = {3}, float ys = {0.25}, uint8 yz = {0}, float ws = {1}, int8 wz = {0},
   int8[1,1,1,1] w = {2}, float[1] fb = {1}, float six = {6}, float zero = {0}>)";

Graph group(const std::string& body) { return parseGraph(std::string(kHeader) + "{" + body + "}"); }

TEST(FuseQuantizedGroups, AConvBetweenDequantizeAndQuantizeBecomesQLinearConv) {
  Graph graph = group(R"(
    xd = DequantizeLinear(x, xs, xz)  wd = DequantizeLinear(w, ws, wz)
    c = Conv(xd, wd)
    y = QuantizeLinear(c, ys, yz))");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("QLinearConv"));
  EXPECT_THAT(graph.nodes()[0]->proto().input(), ElementsAre("x", "xs", "xz", "w", "ws", "wz", "ys", "yz"));
}

TEST(FuseQuantizedGroups, AFloatBiasIsRoundedToTheAccumulatorsUnits) {
  Graph graph = group(R"(
    xd = DequantizeLinear(x, xs, xz)  wd = DequantizeLinear(w, ws, wz)
    c = Conv(xd, wd, fb)
    y = QuantizeLinear(c, ys, yz))");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 1);
  const auto& node = *graph.nodes()[0];
  EXPECT_EQ(graph.constant(node.input(8))->data<int32_t>()[0], 2);  // 1 / (0.5 * 1)
}

TEST(FuseQuantizedGroups, AReluThatSaturationImpliesIsSwallowed) {
  Graph graph = group(R"(
    xd = DequantizeLinear(x, xs, xz)  wd = DequantizeLinear(w, ws, wz)
    c = Conv(xd, wd)  r = Relu(c)
    y = QuantizeLinear(r, ys, yz))");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("QLinearConv"));
}

TEST(FuseQuantizedGroups, AClipTighterThanTheGridIsComputed) {
  // The grid reaches 0.25 * 255 = 63.75, the Clip ends at 6.
  Graph graph = group(R"(
    xd = DequantizeLinear(x, xs, xz)  wd = DequantizeLinear(w, ws, wz)
    c = Conv(xd, wd)  r = Clip(c, zero, six)
    y = QuantizeLinear(r, ys, yz))");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("QConv"));
  EXPECT_EQ(graph.nodes()[0]->attr("activation", ""), "Clip");
}

TEST(FuseQuantizedGroups, AWatchedValueIsNotFusedAway) {
  Graph graph = group(R"(
    xd = DequantizeLinear(x, xs, xz)  wd = DequantizeLinear(w, ws, wz)
    c = Conv(xd, wd)
    y = QuantizeLinear(c, ys, yz))");
  EXPECT_EQ(fuseQuantizedGroups(graph, {"c"}), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("QConv", "QuantizeLinear"));
  EXPECT_EQ(graph.nodes()[0]->output(), "c");
}

TEST(FuseQuantizedGroups, AMoveWithTheSameParametersRunsOnIntegers) {
  Graph graph = group(R"(
    xd = DequantizeLinear(x, xs, xz)
    t = Transpose<perm = [0, 1, 3, 2]>(xd)
    y = QuantizeLinear(t, xs, xz))");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("Transpose"));
}

TEST(FuseQuantizedGroups, AMoveThatChangesParametersRunsOnIntegersBeforeATable) {
  Graph graph = group(R"(
    xd = DequantizeLinear(x, xs, xz)
    t = Transpose<perm = [0, 1, 3, 2]>(xd)
    y = QuantizeLinear(t, ys, yz))");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 2);
  EXPECT_THAT(opTypes(graph), ElementsAre("Transpose", "Lookup"));
}

TEST(FuseQuantizedGroups, AMoveInFrontOfAProductRunsOnIntegers) {
  Graph graph = group(R"(
    xd = DequantizeLinear(x, xs, xz)  wd = DequantizeLinear(w, ws, wz)
    t = Transpose<perm = [0, 1, 3, 2]>(xd)  c = Conv(t, wd)
    y = QuantizeLinear(c, ys, yz))");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 2);
  EXPECT_THAT(opTypes(graph), ElementsAre("Transpose", "QLinearConv"));
}

TEST(FuseQuantizedGroups, AFunctionBetweenIntegersIsATable) {
  Graph graph = group(R"(
    xd = DequantizeLinear(x, xs, xz)
    a = Div(xd, six)  b = Erf(a)
    y = QuantizeLinear(b, ys, yz))");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("Lookup"));
  const auto table = graph.constant(graph.nodes()[0]->input(1))->data<uint8_t>();
  EXPECT_EQ(table[3], 0);    // x = 0
  EXPECT_EQ(table[255], 4);  // erf(21) = 1 = 4 * 0.25
}

TEST(FuseQuantizedGroups, EqualQuantizationsOfOneValueAreOne) {
  Graph graph = parseGraph(R"(g (uint8[1,1,2,2] x) => (uint8[1,1,2,2] y)
      <float s = {0.5}, float t = {0.5}, uint8 z = {3}, uint8 zz = {3}, float ws = {1}, int8[1,1,1,1] w = {2}> {
        xd = DequantizeLinear(x, s, z)  wd = DequantizeLinear(w, ws)
        c = Conv(xd, wd)
        q = QuantizeLinear(c, s, z)  r = QuantizeLinear(c, t, zz)
        qd = DequantizeLinear(q, s, z)  rd = DequantizeLinear(r, t, zz)
        a = Add(qd, rd)
        y = QuantizeLinear(a, s, z)
      })");
  simplifyQuantization(graph, {});
  fuseQuantizedGroups(graph, {});
  EXPECT_THAT(opTypes(graph), ElementsAre("QLinearConv", "QLinearAdd"));
}

TEST(FuseQuantizedGroups, WeightsThatAreQuantizedInTheGraphAreFoldedToIntegers) {
  Graph graph = parseGraph(R"(g (uint8[1,1,2,2] x) => (uint8[1,1,2,2] y)
      <float s = {0.5}, uint8 z = {3}, float ws = {0.5}, int8 wz = {0}, float[1,1,1,1] w = {1.2}> {
        xd = DequantizeLinear(x, s, z)
        wq = QuantizeLinear(w, ws, wz)  wd = DequantizeLinear(wq, ws, wz)
        c = Conv(xd, wd)
        y = QuantizeLinear(c, s, z)
      })");
  simplifyQuantization(graph, {});
  fuseQuantizedGroups(graph, {});
  ASSERT_THAT(opTypes(graph), ElementsAre("QLinearConv"));
  EXPECT_EQ(graph.constant(graph.nodes()[0]->input(3))->data<int8_t>()[0], 2);
}

TEST(FuseQuantizedGroups, DequantizedConstantsOfFloatOperatorsAreMadeOnce) {
  Graph graph = parseGraph(R"(g (float[2] x) => (float[2] y) <float s = {0.5}, int8[2] w = {2, 4}> {
      wd = DequantizeLinear(w, s)
      y = Add(x, wd)
    })");
  fuseQuantizedGroups(graph, {});
  ASSERT_THAT(opTypes(graph), ElementsAre("Add"));
  EXPECT_EQ(graph.constant("wd")->data<float>()[1], 2);
}

TEST(FuseQuantizedGroups, AResidualAddBecomesQLinearAdd) {
  Graph graph = group(R"(
    xd = DequantizeLinear(x, xs, xz)
    a = Add(xd, xd)  r = Relu(a)
    y = QuantizeLinear(r, ys, yz))");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("QLinearAdd"));
}

TEST(FuseQuantizedGroups, AQuantizeLinearWithoutZeroPointWritesUint8) {
  Graph graph = group(R"(
    xd = DequantizeLinear(x, xs, xz)  wd = DequantizeLinear(w, ws)
    c = Conv(xd, wd, fb)
    y = QuantizeLinear(c, ys))");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 1);
  const Node& conv = *graph.nodes()[0];
  EXPECT_EQ(graph.constant(conv.input(5))->type(), DataType::kInt8);
  EXPECT_EQ(graph.constant(conv.input(7))->type(), DataType::kUInt8);
}

TEST(FuseQuantizedGroups, AZeroPointThatIsLeftOutHasTheTypeOfTheIntegers) {
  Graph graph = parseGraph(R"(g (int8[2] x) => (int8[2] y) <float s = {0.5}, float t = {1}, int8 z = {0}> {
      xd = DequantizeLinear(x, s)
      a = Add(xd, xd)
      y = QuantizeLinear(a, t, z)
    })");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 1);
  EXPECT_EQ(graph.constant(graph.nodes()[0]->input(2))->type(), DataType::kInt8);
}

TEST(FuseQuantizedGroups, OutputDtypeNamesTheTypeWhereThereIsNoZeroPoint) {
  constexpr const char* kText = R"(g (float[2] r) => (float[2] y) <float s = {0.5}> {
      x = QuantizeLinear<output_dtype = %>(r, s)
      xd = DequantizeLinear(x, s)
      a = Add(xd, xd)
      q = QuantizeLinear<output_dtype = %>(a, s)
      y = DequantizeLinear(q, s)
    })";
  const auto textFor = [&](const std::string& type) { return std::regex_replace(kText, std::regex("%"), type); };
  Graph signed8 = parseGraph(textFor("3"), 21), unsigned16 = parseGraph(textFor("4"), 21);
  EXPECT_EQ(fuseQuantizedGroups(signed8, {}), 1);
  const Node& add = *signed8.producer("q");
  EXPECT_EQ(signed8.constant(add.input(2))->type(), DataType::kInt8);
  EXPECT_EQ(signed8.constant(add.input(7))->type(), DataType::kInt8);
  EXPECT_EQ(fuseQuantizedGroups(unsigned16, {}), 0);
}

TEST(FuseQuantizedGroups, ActivationsWithAScaleForEachChannelDecline) {
  Graph graph = parseGraph(R"(g (uint8[1,2,2,2] x) => (uint8[1,1,2,2] y)
      <float[2] xs = {0.5, 1}, uint8[2] xz = {0, 0}, float ws = {1}, int8[1,2,1,1] w = {2, 3}, uint8 z = {0}> {
        xd = DequantizeLinear(x, xs, xz)  wd = DequantizeLinear(w, ws)
        c = Conv(xd, wd)
        y = QuantizeLinear(c, ws, z)
      })");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 0);
}

TEST(FuseQuantizedGroups, BlockwiseWeightsDecline) {
  Graph graph = parseGraph(R"(g (uint8[1,4] x) => (float[1,1] y)
      <float xs = {0.5}, uint8 xz = {0}, float[2,1] ws = {1, 2}, int8[4,1] w = {1, 2, 3, 4}> {
        xd = DequantizeLinear(x, xs, xz)  wd = DequantizeLinear<axis = 0, block_size = 2>(w, ws)
        y = Gemm(xd, wd)
      })",
                           21);
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 0);
}

TEST(FuseQuantizedGroups, ACropThatWritesRealNumbersOutsideOfItsSourceDeclines) {
  Graph graph = parseGraph(R"(g (uint8[1,1,2,2] x) => (uint8[1,1,2,2] y)
      <float s = {0.5}, uint8 z = {3}, float[8] roi = {0, 0, -1, -1, 1, 1, 2, 2}, int64[4] sizes = {1, 1, 2, 2}> {
        xd = DequantizeLinear(x, s, z)
        r = Resize<mode = "nearest", coordinate_transformation_mode = "tf_crop_and_resize">(xd, roi, , sizes)
        y = QuantizeLinear(r, s, z)
      })");
  EXPECT_EQ(fuseQuantizedGroups(graph, {}), 0);
}

}  // namespace
}  // namespace quant
