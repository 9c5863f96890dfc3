#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

std::vector<int64_t> padsOf(const Graph& graph, const std::string& value) {
  return graph.producer(value)->attr("pads", std::vector<int64_t>());
}

/// x -> Relu -> Pad -> reader. `pads` are those of Pad, (N, C, H, W) before and after.
Graph graphOf(const std::string& reader, const std::string& pads, const std::string& value = "0",
              const std::string& size = "6,5") {
  return graphWith("g (float[batch,3," + size + "] x) => (float[batch,c,h,w] y) <int64[8] pads = {" + pads +
                       "}, float value = {" + value + "}> {\n" +
                       "r = Relu(x)\n p = Pad <mode = \"constant\"> (r, pads, value)\n y = " + reader + "(p" +
                       (reader.starts_with("Conv") ? ", w" : "") + ")\n}",
                   {{"w", {4, 3, 3, 3}}});
}

int foldAndClean(Graph& graph) {
  const int folded = runChecked(graph, foldPad);
  graph.removeUnused();
  return folded;
}

TEST(FoldPad, MovesIntoAConv) {
  Graph graph = graphOf("Conv <pads = [0, 1, 0, 2]> ", "0, 0, 1, 2, 0, 0, 3, 4");
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("Relu", "Conv"));
  EXPECT_THAT(padsOf(graph, "y"), ElementsAre(1, 3, 3, 6));
}

TEST(FoldPad, TakesThePadsOfOpset10) {
  Graph graph = graphWith(R"(g (float[n,3,6,6] x) => (float[n,4,h,w] y) {
      p = Pad <mode = "constant", pads = [0, 0, 0, 0, 0, 0, 1, 1], value = 0.0> (x)
      y = Conv(p, w)
    })",
                          {{"w", {4, 3, 3, 3}}}, 10);
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(padsOf(graph, "y"), ElementsAre(0, 0, 1, 1));
}

TEST(FoldPad, TakesTheAxesOfOpset18) {
  Graph graph = graphWith(R"(g (float[n,3,6,6] x) => (float[n,4,h,w] y)
      <int64[2] pads = {1, 2}, float value = {0}, int64[1] axes = {-1}> {
      p = Pad(x, pads, value, axes)
      y = Conv(p, w)
    })",
                          {{"w", {4, 3, 3, 3}}}, 18);
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(padsOf(graph, "y"), ElementsAre(0, 1, 0, 2));
}

TEST(FoldPad, WritesOutSamePaddingOfKnownSizes) {
  // Padded to 8 x 6. Stride 2: rows (4 - 1) * 2 + 3 - 8 = 1, columns (3 - 1) * 2 + 3 - 6 = 1, at the end.
  Graph graph = graphOf("Conv <auto_pad = \"SAME_UPPER\", strides = [2, 2]> ", "0, 0, 1, 0, 0, 0, 1, 1");
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(padsOf(graph, "y"), ElementsAre(1, 0, 2, 2));
  EXPECT_FALSE(graph.producer("y")->hasAttr("auto_pad"));
}

TEST(FoldPad, PutsTheOddElementOfSameLowerFirst) {
  Graph graph = graphOf("Conv <auto_pad = \"SAME_LOWER\", strides = [2, 2]> ", "0, 0, 1, 0, 0, 0, 1, 1");
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(padsOf(graph, "y"), ElementsAre(2, 1, 1, 1));
}

TEST(FoldPad, NeedsNoSizeForSamePaddingWithStrideOne) {
  Graph graph = graphOf("Conv <auto_pad = \"SAME_UPPER\"> ", "0, 0, 1, 1, 0, 0, 1, 1", "0", "h0,w0");
  graph.inferShapes();
  EXPECT_EQ(foldPad(graph), 1);
  EXPECT_THAT(padsOf(graph, "y"), ElementsAre(2, 2, 2, 2));
}

TEST(FoldPad, DeclinesSamePaddingOfUnknownSizes) {
  Graph graph = graphOf("Conv <auto_pad = \"SAME_UPPER\", strides = [2, 2]> ", "0, 0, 1, 1, 0, 0, 1, 1", "0", "h0,w0");
  graph.inferShapes();
  EXPECT_EQ(foldPad(graph), 0);
}

TEST(FoldPad, AveragePoolCountsWhatPadCounted) {
  Graph graph = graphOf("AveragePool <kernel_shape = [3, 3]> ", "0, 0, 1, 1, 0, 0, 1, 2");
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(padsOf(graph, "y"), ElementsAre(1, 1, 1, 2));
  EXPECT_EQ(graph.producer("y")->attr("count_include_pad", int64_t{0}), 1);
}

TEST(FoldPad, AveragePoolThatCountsAddsItsOwnPadding) {
  Graph graph = graphOf("AveragePool <kernel_shape = [3, 3], pads = [1, 0, 1, 0], count_include_pad = 1> ",
                        "0, 0, 1, 1, 0, 0, 0, 1");
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(padsOf(graph, "y"), ElementsAre(2, 1, 1, 1));
}

TEST(FoldPad, DeclinesAnAveragePoolWithPaddingThatDoesNotCount) {
  Graph graph = graphOf("AveragePool <kernel_shape = [3, 3], pads = [1, 0, 1, 0]> ", "0, 0, 1, 1, 0, 0, 0, 1");
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldPad, DeclinesPoolsWhoseWindowsReachPastTheEnd) {
  for (const char* pool : {"AveragePool", "MaxPool"}) {
    Graph graph = graphOf(std::string(pool) + " <kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1> ",
                          "0, 0, 1, 1, 0, 0, 1, 1");
    EXPECT_EQ(foldAndClean(graph), 0) << pool;
  }
}

TEST(FoldPad, ZerosMoveIntoAMaxPoolOfNonNegativeValues) {
  Graph graph = graphOf("MaxPool <kernel_shape = [3, 3], strides = [2, 2]> ", "0, 0, 1, 1, 0, 0, 1, 1");
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("Relu", "MaxPool"));
}

TEST(FoldPad, ZerosStayBeforeAMaxPoolOfAnyValues) {
  Graph graph = parseGraph(R"(g (float[n,3,6,6] x) => (float[n,3,h,w] y) <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}> {
      p = Pad(x, pads)
      y = MaxPool <kernel_shape = [3, 3]> (p)
    })");
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldPad, MinusInfinityMovesIntoAnyMaxPool) {
  Graph graph = parseGraph(R"(g (float[n,3,6,6] x) => (float[n,3,h,w] y) <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}> {
      p = Pad(x, pads, low)
      y = MaxPool <kernel_shape = [3, 3]> (p)
    })");
  graph.defineConstant("low", Tensor::scalar(-std::numeric_limits<float>::infinity()));
  EXPECT_EQ(foldAndClean(graph), 1);
}

TEST(FoldPad, ZerosMoveIntoAMaxPoolBehindNonNegativeSums) {
  Graph graph = parseGraph(R"(g (float[n,3,6,6] x, float[n,3,6,6] z) => (float[n,6,h,w] y)
      <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}, float low = {0.1}> {
      a = Relu(x)
      b = Sigmoid(z)
      s = Add(a, b)
      c = Clip(z, low)
      t = Concat <axis = 1> (s, c)
      p = Pad(t, pads)
      y = MaxPool <kernel_shape = [3, 3]> (p)
    })");
  EXPECT_EQ(foldAndClean(graph), 1);
}

TEST(FoldPad, DeclinesAMaxPoolWhoseIndicesAreRead) {
  Graph graph = parseGraph(R"(g (float[n,3,6,6] x) => (float[n,3,h,w] y, int64[n,3,h,w] i)
      <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}> {
      r = Relu(x)
      p = Pad(r, pads)
      y, i = MaxPool <kernel_shape = [3, 3]> (p)
    })");
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldPad, DeclinesAPoolWhoseWindowFitsIntoThePadding) {
  Graph graph = graphOf("MaxPool <kernel_shape = [2, 2]> ", "0, 0, 2, 0, 0, 0, 0, 0");
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldPad, DeclinesOtherValuesAxesAndModes) {
  const std::string conv = "Conv ";
  Graph one = graphOf(conv, "0, 0, 1, 1, 0, 0, 1, 1", "1");
  EXPECT_EQ(foldAndClean(one), 0);
  Graph crop = graphOf(conv, "0, 0, -1, 0, 0, 0, 1, 1");
  EXPECT_EQ(foldAndClean(crop), 0);
  Graph channel = graphWith(R"(g (float[n,2,6,6] x) => (float[n,4,h,w] y) <int64[8] pads = {0, 1, 0, 0, 0, 0, 0, 0}> {
      p = Pad(x, pads)
      y = Conv(p, w)
    })",
                            {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(channel), 0);
  Graph edge = graphWith(R"(g (float[n,3,6,6] x) => (float[n,4,h,w] y) <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}> {
      p = Pad <mode = "edge"> (x, pads)
      y = Conv(p, w)
    })",
                         {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(edge), 0);
}

TEST(FoldPad, DeclinesComputedPads) {
  Graph graph = graphWith(R"(g (float[n,3,6,6] x, int64[8] pads) => (float[n,4,h,w] y) {
      p = Pad(x, pads)
      y = Conv(p, w)
    })",
                          {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldPad, ServesEachReaderAndKeepsThePadForTheOthers) {
  Graph graph = graphWith(R"(g (float[n,3,6,6] x) => (float[n,4,h,w] y, float[n,3,h,w] z)
      <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}> {
      p = Pad(x, pads)
      y = Conv(p, w)
      z = Neg(p)
    })",
                          {{"w", {4, 3, 3, 3}}});
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(opTypes(graph), testing::UnorderedElementsAre("Pad", "Conv", "Neg"));
  EXPECT_EQ(graph.producer("y")->input(0), "x");
}

}  // namespace
}  // namespace quant::test
