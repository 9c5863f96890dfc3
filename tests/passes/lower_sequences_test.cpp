#include "passes/pass_testing.h"

#include "passes/pass.h"

namespace quant {
namespace {

using namespace test;

/// The graph of `text` without sequences; nothing is left of the nodes that made them.
Graph lowered(const std::string& text, int opset = 17) {
  Graph graph = parseInferred(text, opset);
  EXPECT_GT(lowerSequences(graph), 0);
  graph.removeUnused();
  graph.verify();
  graph.inferShapes();
  return graph;
}

/// The first output for x = 0, 1, 2, ...
std::vector<float> outputOf(const Graph& graph, const Shape& shape) {
  Tensor x(DataType::kFloat32, shape);
  float next = 0;
  for (float& value : x.data<float>()) value = next++;
  NamedTensors inputs;
  inputs.emplace("x", std::move(x));
  const Tensor first = std::move(outputsOf(graph, inputs).front());
  const auto data = first.data<float>();
  return {data.begin(), data.end()};
}

TEST(LowerSequences, APieceOfASplitIsAResultOfSplit) {
  const Graph graph = lowered(R"(g (float[5] x) => (float[n] y) <int64[2] sizes = {2, 3}, int64 at = {1}> {
      s = SplitToSequence(x, sizes)
      y = SequenceAt(s, at) })");
  EXPECT_THAT(opTypes(graph), ElementsAre("Split", "Identity"));
  EXPECT_THAT(outputOf(graph, {5}), ElementsAre(2, 3, 4));
}

TEST(LowerSequences, BeforeOpset13SplitHasItsSizesAsAttribute) {
  const Graph graph = lowered(R"(g (float[5] x) => (float[n] y) <int64[2] sizes = {2, 3}, int64 at = {-2}> {
      s = SplitToSequence(x, sizes)
      y = SequenceAt(s, at) })",
                              12);
  EXPECT_EQ(graph.nodes()[0]->attr("split", std::vector<int64_t>()), (std::vector<int64_t>{2, 3}));
  EXPECT_THAT(outputOf(graph, {5}), ElementsAre(0, 1));
}

TEST(LowerSequences, TheLastPieceOfEqualOnesMayBeSmaller) {
  const Graph graph = lowered(R"(g (float[1,5] x) => (float[1,n] y) <int64 size = {2}, int64 at = {-1}> {
      s = SplitToSequence<axis = -1, keepdims = 0>(x, size)
      y = SequenceAt(s, at) })");
  EXPECT_THAT(outputOf(graph, {1, 5}), ElementsAre(4));
  EXPECT_EQ(graph.valueType("y")->shape, (Shape{1, 1}));  // keepdims is for splits without sizes
}

TEST(LowerSequences, SlicesLoseTheirAxisWithoutKeepdims) {
  const Graph graph = lowered(R"(g (float[2,3] x) => (float[m] y) <int64 at = {1}> {
      s = SplitToSequence<axis = 1, keepdims = 0>(x)
      y = SequenceAt(s, at) })");
  EXPECT_EQ(graph.valueType("y")->shape, (Shape{2}));
  EXPECT_THAT(outputOf(graph, {2, 3}), ElementsAre(1, 4));
}

TEST(LowerSequences, SlicesAreFoundFromTheEndWhereNobodyKnowsHowMany) {
  const Graph graph = lowered(R"(g (float[n,2] x) => (float[a,b] y, int64 length) <int64 at = {-1}> {
      s = SplitToSequence(x)
      y = SequenceAt(s, at)
      length = SequenceLength(s) })");
  EXPECT_THAT(outputOf(graph, {4, 2}), ElementsAre(6, 7));
  EXPECT_EQ(graph.valueType("y")->shape, (Shape{1, 2}));
  NamedTensors inputs;
  inputs.emplace("x", Tensor(DataType::kFloat32, {4, 2}));
  EXPECT_EQ(outputsOf(graph, inputs)[1].data<int64_t>()[0], 4);
}

TEST(LowerSequences, AListIsJoinedByConcat) {
  const Graph graph = lowered(R"(g (float[2] x) => (float[n] y) {
      e = Neg(x)
      s = SequenceConstruct(x, e, x)
      y = ConcatFromSequence<axis = 0>(s) })");
  EXPECT_THAT(opTypes(graph), ElementsAre("Neg", "Concat"));
  EXPECT_THAT(outputOf(graph, {2}), ElementsAre(0, 1, 0, -1, 0, 1));
}

TEST(LowerSequences, AListIsStackedAlongANewAxis) {
  for (const int opset : {12, 17}) {
    const Graph graph = lowered(R"(g (float[2] x) => (float[a,b] y) {
        e = Neg(x)
        s = SequenceConstruct(x, e)
        y = ConcatFromSequence<axis = -1, new_axis = 1>(s) })",
                                opset);
    EXPECT_THAT(outputOf(graph, {2}), ElementsAre(0, 0, 1, -1));
    EXPECT_EQ(graph.valueType("y")->shape, (Shape{2, 2}));
  }
}

TEST(LowerSequences, ElementsAreInsertedAndErased) {
  const Graph graph = lowered(R"(g (float[1] x) => (float[n] y) <int64 first = {0}, int64 second = {-1}> {
      a = Add(x, x)
      b = Neg(x)
      empty = SequenceEmpty()
      s1 = SequenceInsert(empty, x)
      s2 = SequenceInsert(s1, a, first)
      s3 = SequenceInsert(s2, b, second)
      s4 = SequenceInsert(s3, x)
      s5 = SequenceErase(s4, first)
      s6 = SequenceErase(s5)
      y = ConcatFromSequence<axis = 0>(s6) })");
  // [x], [a x], [a b x], [a b x x], [b x x], [b x]
  EXPECT_EQ(graph.producer("y")->input(0), "b");
  EXPECT_EQ(graph.producer("y")->input(1), "x");
  EXPECT_EQ(graph.producer("y")->inputCount(), 2);
}

TEST(LowerSequences, ALengthIsAConstant) {
  Graph graph = lowered(R"(g (float[1] x) => (int64 y) {
      s = SequenceConstruct(x, x, x)
      y = SequenceLength(s) })");
  EXPECT_EQ(ints(graph, graph.producer("y")->input(0)), std::vector<int64_t>{3});
}

TEST(LowerSequences, AnOptionalThatHoldsSomethingIsThat) {
  const Graph graph = lowered(R"(g (float[1] x) => (float[1] y, bool there) {
      o = Optional(x)
      y = OptionalGetElement(o)
      there = OptionalHasElement(o) })",
                              18);
  EXPECT_EQ(graph.producer("y")->input(0), "x");
  EXPECT_TRUE(graph.constant(graph.producer("there")->input(0))->data<bool>()[0]);
}

int lowerings(const std::string& text) {
  Graph graph = parseInferred(text, 17);
  const int changes = lowerSequences(graph);
  graph.verify();
  return changes;
}

TEST(LowerSequences, PositionsOutsideOfASequenceStay) {
  EXPECT_EQ(lowerings(R"(g (float[1] x) => (float[n] y) <int64 at = {2}> {
      s = SequenceConstruct(x, x)
      y = SequenceAt(s, at) })"),
            0);
}

TEST(LowerSequences, ComputedPositionsStay) {
  EXPECT_EQ(lowerings(R"(g (float[1] x, int64 at) => (float[n] y) {
      s = SequenceConstruct(x, x)
      y = SequenceAt(s, at) })"),
            0);
}

TEST(LowerSequences, PiecesOfUnknownNumberStay) {
  EXPECT_EQ(lowerings(R"(g (float[n] x) => (float[m] y) <int64 size = {2}> {
      s = SplitToSequence(x, size)
      y = ConcatFromSequence<axis = 0>(s) })"),
            0);
}

}  // namespace
}  // namespace quant
