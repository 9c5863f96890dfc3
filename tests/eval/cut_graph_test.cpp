#include "eval/cut_graph.h"

#include <gmock/gmock.h>

#include "support/onnx_text.h"

namespace quant {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kQuantized = R"(g (float[2] x) => (float[2] y) <float s = {0.5}, uint8 z = {3}> {
  a = Exp(x)
  aq = QuantizeLinear(a, s, z)
  ad = DequantizeLinear(aq, s, z)
  y = Log(ad) })";

TEST(CutAtValues, GivesReadersAnInputOfTheirOwn) {
  const CutGraph cut = cutAtValues(test::parseGraph("g (float[2] x) => (float[2] y) { a = Exp(x) y = Log(a) }"),
                                   {{"a", DataType::kFloat32}});
  ASSERT_EQ(cut.inputs.size(), 1);
  EXPECT_EQ(cut.graph.producer("y")->input(0), cut.inputs[0].name);
  EXPECT_EQ(cut.graph.producer("a")->input(0), "x");
  EXPECT_THAT(cut.graph.inputs(), ElementsAre("x", cut.inputs[0].name));
}

TEST(CutAtValues, GivesRealsInPlaceOfWhatDequantizeLinearMakes) {
  Graph graph = test::parseInferred(kQuantized);
  const CutGraph cut = cutAtValues(graph, {{"aq"}});
  ASSERT_EQ(cut.inputs.size(), 1);
  EXPECT_EQ(cut.inputs[0].type, DataType::kFloat32);
  EXPECT_FALSE(cut.inputs[0].params);
  EXPECT_EQ(cut.graph.producer("y")->input(0), cut.inputs[0].name);
  EXPECT_EQ(cut.graph.producer("aq")->input(0), "a");  // still the result of its own piece
}

TEST(CutAtValues, GivesIntegersToWhoReadsIntegers) {
  const CutGraph cut = cutAtValues(test::parseGraph(R"(g (float[1,2] x) => (uint8[1,2] y)
    <float s = {0.5}, uint8 z = {3}, uint8[2,2] w = {1, 2, 3, 4}> {
      a = Exp(x)
      q = QuantizeLinear(a, s, z)
      y = QLinearMatMul(q, s, z, w, s, z, s, z) })"),
                                   {{"q"}});
  ASSERT_EQ(cut.inputs.size(), 1);
  EXPECT_EQ(cut.inputs[0].params, QuantParams(DataType::kUInt8, 0.5F, 3));
}

TEST(CutAtValues, GivesRealsToWhatIsQuantizedWhileRunning) {
  Graph graph = test::parseGraph(R"(g (float[1,2] x) => (int32[1,2] y) <int8[2,2] w = {1, 2, 3, 4}> {
    a = Exp(x)
    q, s, z = DynamicQuantizeLinear(a)
    y = MatMulInteger(q, w, z) })");
  const CutGraph cut = cutAtValues(graph, {{"a", DataType::kFloat32}});
  ASSERT_EQ(cut.inputs.size(), 1);
  EXPECT_EQ(cut.graph.producer("q")->input(0), cut.inputs[0].name);
  EXPECT_EQ(cut.graph.producer("y")->input(0), "q");
}

TEST(CutAtValues, LeavesWhatHasNoKnownTypeConnected) {
  const Graph graph = test::parseGraph("g (float[2] x) => (float[2] y) { a = Exp(x) y = Log(a) }");
  EXPECT_THAT(cutAtValues(graph, {{"a"}}).inputs, IsEmpty());
}

}  // namespace
}  // namespace quant
