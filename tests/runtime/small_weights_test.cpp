// com.microsoft's MatMulNBits and GatherBlockQuantized, with numbers that can be checked by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/packed.h"
#include "runtime/executor.h"
#include "runtime/lowering/lowering.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::opTypes;
using test::parseGraph;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<float> run(const Graph& graph, Backend backend, Tensor x) {
  NamedTensors inputs;
  inputs["x"] = std::move(x);
  const auto outputs = Executor(graph, {backend, {}, true}).run(inputs);
  const auto values = outputs[0].data<float>();
  return {values.begin(), values.end()};
}

std::vector<float> runBoth(const Graph& graph, const Tensor& x) {
  auto result = run(graph, Backend::kReference, x.alias());
  EXPECT_EQ(run(graph, Backend::kOneDnn, x.alias()), result);
  return result;
}

/// Two columns of 18 weights in two blocks of 16: bytes 0x98 hold 8 and 9, that is 0 and 1 around the zero point 8.
Graph product(const std::string& more_inputs = "", const std::string& more_constants = "",
              const std::string& bits = "4", const std::string& size = "2,2,8", int bytes = 32) {
  std::string integers;
  for (int i = 0; i < bytes; ++i) integers += i == 0 ? "152" : ",152";
  return parseGraph("g (float[1,18] x) => (float[1,2] y) <uint8[" + size + "] w = {" + integers +
                    "}, float[4] s = {1, 10, 2, 20}" + more_constants +
                    "> { y = com.microsoft.MatMulNBits<K = 18, N = 2, bits = " + bits + ", block_size = 16>(x, w, s" +
                    more_inputs + ") }");
}

/// 1 in channels 1 and 17, which are odd: each has the weight 1 times its scale.
Tensor twoChannels() {
  Tensor x(DataType::kFloat32, {1, 18});
  for (size_t k = 0; k < 18; ++k) x.data<float>()[k] = k == 1 || k == 17 ? 1 : 0;
  return x;
}

TEST(MatMulNBits, BlocksAlongTheChannelsHaveScales) {
  EXPECT_THAT(runBoth(product(), twoChannels()), ElementsAre(11, 22));
}

TEST(MatMulNBits, ZeroPointsMayBePackedIntegers) {
  // Two blocks of a column share a byte: 7 and 9, then 8 and 6.
  const Graph graph = product(", z", ", uint8[2] z = {151, 104}");
  EXPECT_THAT(runBoth(graph, twoChannels()), ElementsAre(2 * 1 + 0 * 10, 1 * 2 + 3 * 20));
}

TEST(MatMulNBits, ZeroPointsMayBeRealNumbers) {
  const Graph graph = product(", z", ", float[4] z = {8.5, 9, 8, 8}");
  EXPECT_THAT(runBoth(graph, twoChannels()), ElementsAre(0.5F, 22));
}

TEST(MatMulNBits, ABiasIsAdded) {
  EXPECT_THAT(runBoth(product(", , , b", ", float[2] b = {100, 200}"), twoChannels()), ElementsAre(111, 222));
}

TEST(MatMulNBits, ChannelsMayNameTheirBlocks) {
  const Graph graph = product(", , g", ", int32[18] g = {0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}");
  EXPECT_THAT(runBoth(graph, twoChannels()), ElementsAre(10 + 1, 20 + 2));
}

TEST(MatMulNBits, WeightsOfEightBitsFillTheirBytes) {
  const Graph graph = product("", "", "8", "2,2,16", 64);  // 152 - 128 = 24
  EXPECT_THAT(runBoth(graph, twoChannels()), ElementsAre(24 * 11, 24 * 22));
}

TEST(MatMulNBits, SaysWhatDoesNotFit) {
  const Graph graph = product("", "", "4", "2,2,4", 16);
  EXPECT_THAT([&] { run(graph, Backend::kReference, twoChannels()); },
              testing::ThrowsMessage<Error>(HasSubstr("weights of shape [2,2,4]: 32 elements were expected")));
}

TEST(UnpackWeights, ConstantWeightsBecomeAProductThatFuses) {
  Graph graph = product(", , , b", ", float[2] b = {100, 200}");
  EXPECT_EQ(unpackWeights(graph), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("MatMul", "Add"));
}

TEST(UnpackWeights, LeavesWeightsThatAreComputed) {
  Graph graph = parseGraph(R"(g (float[1,16] x, uint8[1,1,8] w) => (float[1,1] y) <float[1] s = {1}> {
    y = com.microsoft.MatMulNBits<K = 16, N = 1, bits = 4, block_size = 16>(x, w, s)
  })");
  EXPECT_EQ(unpackWeights(graph), 0);
}

constexpr const char* kTable = R"(g (int64[2] x) => (float[2,4] y)
    <uint8[3,2] w = {33, 67, 0, 0, 152, 186}, float[3,2] s = {1, 10, 1, 1, 2, 1}, uint8[3,1] z = {33, 0, 136}> {
      y = com.microsoft.GatherBlockQuantized<gather_axis = 0, quantize_axis = 1, block_size = 2>(w, x, s INPUTS)
    })";

std::string table(const std::string& inputs) {
  std::string text = kTable;
  return text.replace(text.find(" INPUTS"), 7, inputs);
}

TEST(GatherBlockQuantized, RowsAreTakenAndScaled) {
  // Row 2: 8, 9, 10, 11 around 8; row 0: 1, 2, 3, 4
  EXPECT_THAT(runBoth(parseGraph(table("")), Tensor::of<int64_t>({2}, {-1, 0})),
              ElementsAre(0, 2, 2, 3, -7, -6, -50, -40));
}

TEST(GatherBlockQuantized, EachBlockMayHaveAZeroPoint) {
  // Row 0: 1 and 2 around 1, 3 and 4 around 2
  EXPECT_THAT(runBoth(parseGraph(table(", z")), Tensor::of<int64_t>({2}, {0, 2})),
              ElementsAre(0, 1, 10, 20, 0, 2, 2, 3));
}

TEST(GatherBlockQuantized, SignedIntegersLieAroundZero) {
  Graph graph = parseGraph(R"(g (int64[1] x) => (float[1,4] y) <float[1,2] s = {1, 10}> {
    y = com.microsoft.GatherBlockQuantized<gather_axis = 0, quantize_axis = 1, block_size = 2>(w, x, s)
  })");
  graph.defineConstant("w", pack(Tensor::of<int8_t>({1, 4}, {-8, 7, -1, 3}), DataType::kInt4));
  EXPECT_THAT(runBoth(graph, Tensor::of<int64_t>({1}, {0})), ElementsAre(-8, 7, -10, 30));
}

TEST(GatherBlockQuantized, RefusesOtherAxes) {
  const Graph graph = parseGraph(R"(g (int64[1] x) => (float[3,1] y)
      <uint8[3,2] w = {33, 67, 0, 0, 152, 186}, float[3,2] s = {1, 10, 1, 1, 2, 1}> {
        y = com.microsoft.GatherBlockQuantized<gather_axis = 1, quantize_axis = 1>(w, x, s)
      })");
  EXPECT_THAT([&] { run(graph, Backend::kReference, Tensor::of<int64_t>({1}, {0})); },
              testing::ThrowsMessage<Error>(HasSubstr("along other than the first axis")));
}

}  // namespace
}  // namespace quant
