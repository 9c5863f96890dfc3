#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

/// Without the constants that folding leaves unread.
int foldAndClean(Graph& graph) {
  const int folded = runChecked(graph, foldConstants);
  graph.removeUnused();
  return folded;
}

TEST(FoldConstants, ComputesAChainOfNodesThatReadOnlyConstants) {
  Graph graph = parseGraph(R"(g (float[2] x) => (float[2] y) <float[2] a = {1, 2}, float[2] b = {3, 5}> {
      sum = Add(a, b)
      product = Mul(sum, b)
      y = Add(x, product)
    })");
  EXPECT_EQ(foldAndClean(graph), 2);
  EXPECT_THAT(opTypes(graph), ElementsAre("Add"));
  EXPECT_THAT(floats(graph, "product"), ElementsAre(12, 35));
  EXPECT_THAT(graph.constants(), ElementsAre("product"));
}

TEST(FoldConstants, SharedWeightsStayOneConstantBehindEqualNodes) {
  Graph graph = parseGraph(R"(g (float[1,2] x) => (float[1,2] y) <float[2,2] w = {1, 2, 3, 4}> {
      other = Identity(w)
      first = Transpose(w)
      second = Transpose(other)
      a = MatMul(x, first)
      b = MatMul(a, second)
      y = MatMul(b, other)
    })");
  EXPECT_EQ(foldAndClean(graph), 3);
  EXPECT_THAT(opTypes(graph), ElementsAre("MatMul", "MatMul", "MatMul"));
  EXPECT_THAT(graph.constants(), testing::UnorderedElementsAre("w", "first"));
}

TEST(FoldConstants, NodesThatDifferInAnAttributeAreNotTheSame) {
  Graph graph = parseGraph(R"(g (float[1,2] x) => (float[1,2] y) <float[2,2] w = {1, 2, 3, 4}> {
      first = Transpose <perm = [1, 0]> (w)
      second = Transpose <perm = [0, 1]> (w)
      a = MatMul(x, first)
      y = MatMul(a, second)
    })");
  foldAndClean(graph);
  EXPECT_THAT(floats(graph, "first"), ElementsAre(1, 3, 2, 4));
  EXPECT_THAT(floats(graph, "second"), ElementsAre(1, 2, 3, 4));
}

TEST(FoldConstants, StoresATransposedPictureRowByRow) {
  Graph graph = parseGraph(R"(g (float[1,2,1,2] x) => (float[1,2,1,2] y)
      <float[1,1,2,2] pixels = {1, 2, 3, 4}> {
      planes = Transpose <perm = [0, 3, 1, 2]> (pixels)
      y = Add(x, planes)
    })");
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_THAT(floats(graph, "planes"), ElementsAre(1, 3, 2, 4));
}

TEST(FoldConstants, KnowsTheFixedSizesOfAShapeWithAnOpenBatch) {
  Graph graph = parseGraph(R"(g (float[batch,3,8,6] x) => (int64 h, int64[2] hw, int64[4] all)
      <int64 i = {2}, int64[1] two = {2}, int64[1] four = {4}> {
      shape = Shape(x)
      height = Gather <axis = 0> (shape, i)
      h = Add(height, height)
      spatial = Slice(shape, two, four)
      hw = Add(spatial, spatial)
      all = Add(shape, shape)
    })");
  EXPECT_EQ(foldAndClean(graph), 2);
  EXPECT_THAT(opTypes(graph), ElementsAre("Shape", "Add", "Add", "Add"));
  EXPECT_THAT(ints(graph, "height"), ElementsAre(8));
  EXPECT_THAT(graph.valueType("height")->shape, testing::Optional(IsEmpty()));
  EXPECT_THAT(ints(graph, "spatial"), ElementsAre(8, 6));
}

TEST(FoldConstants, CombinesKnownSizes) {
  Graph graph = parseGraph(R"(g (float[batch,3,8,6] x) => (float[a,b] y)
      <int64 one = {1}, int64 two = {2}, int64[1] zero = {0}, int64[1] rest = {-1}> {
      shape = Shape(x)
      channels = Gather(shape, one)
      height = Gather(shape, two)
      product = Mul(channels, height)
      vector = Unsqueeze(product, zero)
      target = Concat <axis = 0> (rest, vector)
      y = Reshape(x, target)
    })");
  foldAndClean(graph);
  EXPECT_THAT(opTypes(graph), ElementsAre("Reshape"));
  EXPECT_THAT(ints(graph, "target"), ElementsAre(-1, 24));
}

TEST(FoldConstants, NeverFixesTheBatch) {
  Graph graph = parseGraph(R"(g (float[batch,3] x) => (int64 n) <int64 zero = {0}, int64 k = {4}> {
      shape = Shape(x)
      batch = Gather(shape, zero)
      n = Mul(batch, k)
    })");
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldConstants, LeavesWeightsBehindADequantizeLinearAsIntegers) {
  Graph graph = parseGraph(R"(g (float[1,2] x) => (float[1,2] y)
      <int8[2,2] w = {1, 2, 3, 4}, float s = {0.5}, int8 z = {0}> {
      real = DequantizeLinear(w, s, z)
      y = MatMul(x, real)
    })");
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldConstants, LeavesWhatIsNewAtEachRun) {
  Graph graph = parseInferred(R"(g (float[2] x) => (float[2] y) {
      noise = RandomNormal <shape = [2]> ()
      y = Add(x, noise)
    })");
  EXPECT_EQ(foldConstants(graph), 0);
}

TEST(FoldConstants, LeavesASmallConstantThatWouldGrowLarge) {
  Graph graph = parseGraph(R"(g (float[1] x) => (float[n] y) <int64[1] huge = {1000000}, int64[1] small = {1000}> {
      zeros = ConstantOfShape(huge)
      few = ConstantOfShape(small)
      both = Concat <axis = 0> (zeros, few)
      y = Concat <axis = 0> (both, x)
    })");
  EXPECT_EQ(foldAndClean(graph), 1);
  EXPECT_EQ(graph.producer("few"), nullptr);
  EXPECT_NE(graph.producer("zeros"), nullptr);
}

TEST(FoldConstants, LeavesGraphOutputsComputed) {
  Graph graph = parseGraph("g () => (float[1] y) <float[1] a = {1}> { y = Add(a, a) }");
  EXPECT_EQ(foldAndClean(graph), 0);
}

TEST(FoldConstants, LeavesNodesWithSubgraphs) {
  Graph graph = parseInferred(R"(g (float[1] x) => (float[1] y) <bool c = {1}, float[1] k = {2}> {
      chosen = If (c) <then_branch = t () => (float[1] a) { a = Identity(k) },
                       else_branch = e () => (float[1] b) { b = Neg(k) }>
      y = Add(x, chosen)
    })");
  EXPECT_EQ(foldConstants(graph), 0);
}

TEST(FoldConstants, KeepsTheNameThatASubgraphCaptures) {
  Graph graph = parseInferred(R"(g (bool c, float[1] x) => (float[1] y) <float[1] a = {1}> {
      two = Add(a, a)
      y = If (c) <then_branch = t () => (float[1] p) { p = Add(x, two) },
                  else_branch = e () => (float[1] q) { q = Identity(x) }>
    })");
  EXPECT_EQ(foldConstants(graph), 1);
  EXPECT_THAT(floats(graph, "two"), ElementsAre(2));
}

TEST(FoldConstants, LeavesAnOperatorThatNobodyKnows) {
  Graph graph = parseInferred(R"(g (float[1] x) => (float[1] y) <float[1] a = {1}> {
      b = com.microsoft.Strange(a)
      y = Add(x, b)
    })");
  EXPECT_EQ(foldConstants(graph), 0);
}

TEST(FoldConstants, ReducesTheArithmeticThatTorchWritesBeforeAPad) {
  Graph graph = parseGraph(R"(g (float[batch,1,4,4] x) => (float[batch,1,5,5] y) {
      given = Constant <value = int64[4] {0, 1, 0, 1}> ()
      zero = Constant <value = int64 {0}> ()
      shape = Shape(given)
      count = Gather(shape, zero)
      four = Constant <value = int64 {4}> ()
      two = Constant <value = int64 {2}> ()
      eight = Mul(four, two)
      missing = Sub(eight, count)
      casted = Cast <to = 7> (given)
      one_d = Constant <value = int64[1] {0}> ()
      missing_vector = Unsqueeze(missing, one_d)
      zeros = ConstantOfShape <value = int64[1] {0}> (missing_vector)
      joined = Concat <axis = 0> (casted, zeros)
      pairs = Constant <value = int64[2] {-1, 2}> ()
      table = Reshape(joined, pairs)
      from = Constant <value = int64[1] {-1}> ()
      to = Constant <value = int64[1] {-9223372036854775807}> ()
      step = Constant <value = int64[1] {-1}> ()
      turned = Slice(table, from, to, one_d, step)
      columns = Transpose <perm = [1, 0]> (turned)
      flat = Constant <value = int64[1] {-1}> ()
      pads = Reshape(columns, flat)
      y = Pad(x, pads)
    })");
  extractConstants(graph);
  foldAndClean(graph);
  EXPECT_THAT(opTypes(graph), ElementsAre("Pad"));
  EXPECT_THAT(ints(graph, "pads"), ElementsAre(0, 0, 0, 0, 0, 0, 1, 1));
}

}  // namespace
}  // namespace quant::test
