#include "quantizer/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/error.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::parseInferred;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr const char* kConvRelu = R"(g (float[1,1,2,2] x) => (float[1,1,2,2] z)
  <float[1,1,1,1] w = {1}, float[1] b = {1}> {
    c = Conv(x, w, b)
    y = Relu(c)
    z = Exp(y)
  })";

TEST(Placement, QuantizesWhatAConvReadsAndWhatItsReluGives) {
  const Graph graph = parseInferred(kConvRelu);
  const Placement placement = place(graph, {});
  EXPECT_EQ(placement.node("c").treatment, Treatment::kInt8);
  EXPECT_EQ(placement.node("y").treatment, Treatment::kAbsorbed);
  EXPECT_EQ(placement.node("z").treatment, Treatment::kFloat);
  EXPECT_THAT(watchList(placement), UnorderedElementsAre("x", "y"));
}

TEST(Placement, LeavesNodesThatWereSeenToLoseTooMuch) {
  Int8Options options;
  options.selection.kept_float["c"] = "lowers the cosine to 0.9";
  const Placement placement = place(parseInferred(kConvRelu), options);
  EXPECT_EQ(placement.node("c").treatment, Treatment::kFloat);
  EXPECT_EQ(placement.node("c").reason, "lowers the cosine to 0.9");
  EXPECT_EQ(placement.node("y").treatment, Treatment::kFloat);
}

TEST(Placement, TreatsOnlyTheNodesNamedByTheirOutputs) {
  Int8Options options;
  options.selection.only = {"z"};
  EXPECT_EQ(place(parseInferred(kConvRelu), options).node("c").treatment, Treatment::kFloat);
  options.selection.only = {"c"};
  EXPECT_EQ(place(parseInferred(kConvRelu), options).node("c").treatment, Treatment::kInt8);
}

TEST(Placement, KeepsTheReluWhereSignedSymmetricStorageHasRoomBelowZero) {
  const Graph graph = parseInferred(kConvRelu);
  Int8Options options;
  options.activation_type = DataType::kInt8;
  options.symmetric_activations = true;
  const Placement placement = place(graph, options);
  EXPECT_EQ(placement.node("y").treatment, Treatment::kInt8);
  EXPECT_THAT(watchList(placement), UnorderedElementsAre("x", "c", "y"));
}

TEST(Placement, KeepsAClipThatExcludesZero) {
  const Graph graph = parseInferred(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y)
      <float[1,1,1,1] w = {1}, float low = {0.5}, float high = {6}> {
        c = Conv(x, w)
        y = Clip(c, low, high)
      })");
  EXPECT_NE(place(graph, {}).node("y").treatment, Treatment::kAbsorbed);
}

TEST(Placement, KeepsAReluWhoseSourceSomethingElseReads) {
  const Graph graph = parseInferred(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y, float[1,1,2,2] z)
      <float[1,1,1,1] w = {1}> {
        c = Conv(x, w)
        y = Relu(c)
        z = Exp(c)
      })");
  EXPECT_NE(place(graph, {}).node("y").treatment, Treatment::kAbsorbed);
}

TEST(Placement, AResidualAddIsInt8WhenBothOfItsSourcesAre) {
  const Graph graph = parseInferred(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] z)
      <float[1,1,1,1] w = {1}> {
        c = Conv(x, w)
        a = Add(c, x)
        z = Relu(a)
      })");
  const Placement placement = place(graph, {});
  EXPECT_EQ(placement.node("a").treatment, Treatment::kInt8);
  EXPECT_EQ(placement.node("z").treatment, Treatment::kAbsorbed);
}

TEST(Placement, AnAddWithAFloatSourceStaysFloatAndSaysWhichSource) {
  const Graph graph = parseInferred(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] z)
      <float[1,1,1,1] w = {1}> {
        e = Exp(x)
        c = Conv(x, w)
        z = Add(c, e)
      })");
  const Placement placement = place(graph, {});
  EXPECT_EQ(placement.node("z").treatment, Treatment::kFloat);
  EXPECT_EQ(placement.node("z").reason, "its input 'e' is computed in float");
}

TEST(Placement, ATableThatGatherLooksUpInStaysFloat) {
  const Graph graph =
      parseInferred("g (int64[2] i) => (float[2,2] y) <float[2,2] w = {1, 2, 3, 4}> { y = Gather(w, i) }");
  EXPECT_EQ(place(graph, {}).node("y").reason, "its input 'w' is constant");
}

TEST(Placement, MovesShareTheParametersOfTheirSource) {
  const Graph graph = parseInferred(R"(g (float[1,1,4,4] x) => (float[1,4] z)
      <float[1,1,1,1] w = {1}> {
        c = Conv(x, w)
        p = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(c)
        z = Flatten(p)
      })");
  const Placement placement = place(graph, {});
  EXPECT_EQ(placement.node("p").treatment, Treatment::kMoves);
  EXPECT_EQ(placement.values.at("p"), "c");
  EXPECT_EQ(placement.values.at("z"), "c");
}

TEST(Placement, SourcesOfAConcatThatNothingElseReadsShareItsParameters) {
  const Graph graph = parseInferred(R"(g (float[1,1,2,2] x) => (float[1,3,2,2] z)
      <float[1,1,1,1] w = {1}, float[1,1,1,1] v = {2}> {
        a = Conv(x, w)
        b = Conv(x, v)
        z = Concat<axis = 1>(a, b, x)
      })");
  const Placement placement = place(graph, {});
  EXPECT_EQ(placement.values.at("a"), "z");
  EXPECT_EQ(placement.values.at("b"), "z");
  EXPECT_EQ(placement.values.at("x"), "x");
}

TEST(Placement, AGemmThatGivesTheGraphsOutputWritesFloat) {
  const Graph graph = parseInferred(R"(g (float[1,2] x) => (float[1,1] y)
      <float[2,1] w = {1, 2}, float[1] b = {3}> { y = Gemm(x, w, b) })");
  const Placement placement = place(graph, {});
  EXPECT_EQ(placement.node("y").treatment, Treatment::kInt8);
  EXPECT_THAT(watchList(placement), UnorderedElementsAre("x"));
}

TEST(Placement, AGemmWhoseReluFeedsAGemmIsQuantizedBehindTheRelu) {
  const Graph graph = parseInferred(R"(g (float[1,1] x) => (float[1,1] y)
      <float[1,1] w = {1}> {
        h = Gemm(x, w)
        r = Relu(h)
        y = Gemm(r, w)
      })");
  const Placement placement = place(graph, {});
  EXPECT_EQ(placement.node("r").treatment, Treatment::kAbsorbed);
  EXPECT_THAT(watchList(placement), UnorderedElementsAre("x", "r"));
}

TEST(Placement, ComputedWeightsStayFloatWithTheirName) {
  const Graph graph = parseInferred("g (float[1,1,2,2] x, float[1,1,1,1] w) => (float[1,1,2,2] y) { y = Conv(x, w) }");
  EXPECT_EQ(place(graph, {}).node("y").reason, "its weights 'w' are computed");
}

TEST(Placement, WeightsThatAreNotFiniteStayFloatWithTheirName) {
  Graph graph = parseInferred("g (float[1,1,2,2] x, float[1,1,1,1] w) => (float[1,1,2,2] y) { y = Conv(x, w) }");
  graph.defineConstant("w", Tensor::of<float>({1, 1, 1, 1}, {std::numeric_limits<float>::quiet_NaN()}));
  EXPECT_EQ(place(graph, {}).node("y").reason, "its weight tensor 'w' holds NaN or infinity");
}

TEST(Placement, ABiasThatIsNotFiniteStaysFloatWithItsName) {
  Graph graph = parseInferred(R"(g (float[1,1] x, float[1] b) => (float[1,1] y)
      <float[1,1] w = {1}> { y = Gemm(x, w, b) })");
  graph.defineConstant("b", Tensor::of<float>({1}, {-std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(place(graph, {}).node("y").reason, "its bias 'b' holds NaN or infinity");
}

TEST(Placement, AGemmWhoseBiasIsAColumnStaysFloat) {
  const Graph graph = parseInferred(R"(g (float[2,1] x) => (float[2,2] y)
      <float[1,2] w = {1, 2}, float[2,1] b = {1, 2}> { y = Gemm(x, w, b) })");
  EXPECT_EQ(place(graph, {}).node("y").reason, "its bias is not one value for each column");
}

TEST(Placement, AReluThatASubgraphReadsIsKept) {
  const Graph graph = parseInferred(R"(g (float[1,1,2,2] x, bool k) => (float[1,1,2,2] z)
      <float[1,1,1,1] w = {1}> {
        c = Conv(x, w)
        r = Relu(c)
        z = If(k) <then_branch = t () => (float[1,1,2,2] a) { a = Exp(r) },
                   else_branch = e () => (float[1,1,2,2] b) { b = Neg(r) }>
      })");
  EXPECT_NE(place(graph, {}).node("r").treatment, Treatment::kAbsorbed);
}

TEST(Placement, SensitiveOperatorsStayFloatAndSayWhy) {
  const Graph graph = parseInferred(R"(g (float[1,2] x) => (float[1,2] y)
      <float[2,2] w = {1, 0, 0, 1}> {
        m = MatMul(x, w)
        y = Softmax(m)
      })");
  EXPECT_EQ(place(graph, {}).node("y").reason, "sensitive to rounding, kept in float");
}

TEST(Placement, PartsThatAreQuantizedAlreadyAreKept) {
  const Graph graph = parseInferred(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y)
      <float s = {1}, uint8 z = {0}, float[1,1,1,1] w = {1}> {
        q = QuantizeLinear(x, s, z)
        d = DequantizeLinear(q, s, z)
        y = Conv(d, w)
      })");
  const Placement placement = place(graph, {});
  EXPECT_EQ(placement.node("y").reason, "already quantized in the model, kept as it is");
  EXPECT_TRUE(placement.values.empty());
}

constexpr const char* kThreeConvs = R"(g (float[1,1,2,2] x) => (float[1,1,2,2] c)
  <float[1,1,1,1] w = {1}> {
    [stem] a = Conv(x, w)
    [body_1] b = Conv(a, w)
    [head] c = Conv(b, w)
  })";

std::vector<std::string> int8Nodes(const Placement& placement) {
  std::vector<std::string> names;
  for (const auto& row : placement.nodes) {
    if (row.treatment == Treatment::kInt8) names.push_back(row.label);
  }
  return names;
}

TEST(Selection, ExcludesByGlobOperatorAndPosition) {
  const Graph graph = parseInferred(kThreeConvs);
  Int8Options options;
  options.selection.exclude_nodes = {"body*"};
  EXPECT_THAT(int8Nodes(place(graph, options)), UnorderedElementsAre("stem", "head"));
  options.selection = {};
  options.selection.exclude_first = options.selection.exclude_last = 1;
  EXPECT_THAT(int8Nodes(place(graph, options)), UnorderedElementsAre("body_1"));
  options.selection = {};
  options.selection.include_nodes = {"stem", "he?d"};
  EXPECT_THAT(int8Nodes(place(graph, options)), UnorderedElementsAre("stem", "head"));
  options.selection = {};
  options.selection.exclude_ops = {"Conv"};
  EXPECT_TRUE(int8Nodes(place(graph, options)).empty());
}

TEST(Selection, TheReasonNamesTheOption) {
  const Graph graph = parseInferred(kThreeConvs);
  Int8Options options;
  options.selection.exclude_nodes = {"st*"};
  EXPECT_EQ(place(graph, options).node("a").reason, "excluded by --exclude-node 'st*'");
}

TEST(Selection, APatternThatMatchesNothingIsAnErrorWithTheNearestName) {
  const Graph graph = parseInferred(kThreeConvs);
  Int8Options options;
  options.selection.exclude_nodes = {"heda"};
  try {
    place(graph, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "--exclude-node 'heda' matches no node of the model; the nearest is 'head'");
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
  }
}

}  // namespace
}  // namespace quant
