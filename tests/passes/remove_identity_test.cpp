#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

/// A node in question between two others, so that nothing it reads or writes is an input or an output of the graph.
struct Case {
  const char* name;
  const char* node;  // computes b from a, which is float[2,1,3]
  const char* constants = "float unused = {0}";
  const char* inputs = "";  // of the graph, besides x
  int opset = 13;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

Graph graphOf(const Case& one, const std::string& output, const std::string& last) {
  return parseGraph(std::string("g (float[2,1,3] x") + one.inputs + ") => (" + output + " y) <" + one.constants +
                        "> {\n a = Relu(x)\n " + one.node + "\n y = " + last + "(b)\n}",
                    one.opset);
}

std::string nameOf(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class NoOp : public testing::TestWithParam<Case> {};

TEST_P(NoOp, GoesAway) {
  Graph graph = graphOf(GetParam(), "float[p,q,r]", "Neg");
  EXPECT_EQ(runChecked(graph, removeIdentity), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("Relu", "Neg"));
}

INSTANTIATE_TEST_SUITE_P(
    RemoveIdentity, NoOp,
    testing::Values(
        Case{"Identity", "b = Identity(a)"}, Case{"Dropout", "b = Dropout(a)"},
        Case{"DropoutWithUnreadMask", "b, mask = Dropout(a)"},
        Case{"DropoutOfOpset10", "b = Dropout <ratio = 0.3> (a)", "float u = {0}", "", 10},
        Case{"DropoutTrainingFalse", "b = Dropout(a, r, t)", "float r = {0.5}, bool t = {0}"},
        Case{"CastToSameType", "b = Cast <to = 1> (a)"},
        Case{"ReshapeToSameShape", "b = Reshape(a, s)", "int64[3] s = {2, 1, 3}"},
        Case{"ReshapeThatCopies", "b = Reshape(a, s)", "int64[3] s = {0, 0, -1}"},
        Case{"SqueezeOfNothing", "b = Squeeze(a, s)", "int64[0] s = {}"},
        Case{"TransposeInOrder", "b = Transpose <perm = [0, 1, 2]> (a)"},
        Case{"ConcatOfOne", "b = Concat <axis = 0> (a)"}, Case{"SumOfOne", "b = Sum(a)"},
        Case{"MaxOfOne", "b = Max(a)"}, Case{"MinOfOne", "b = Min(a)"}, Case{"MeanOfOne", "b = Mean(a)"},
        Case{"PadOfNothing", "b = Pad(a, s)", "int64[6] s = {0, 0, 0, 0, 0, 0}"},
        Case{"SliceOfEverything", "b = Slice(a, s, e, i)",
             "int64[1] s = {0}, int64[1] e = {9223372036854775807}, int64[1] i = {2}"},
        Case{"SliceToTheLastElement", "b = Slice(a, s, e)", "int64[3] s = {0, -1, 0}, int64[3] e = {2, 1, 3}"},
        Case{"AddZero", "b = Add(a, z)", "float z = {0}"}, Case{"ZeroPlus", "b = Add(z, a)", "float[3] z = {0, 0, 0}"},
        Case{"SubZero", "b = Sub(a, z)", "float[1] z = {0}"},
        Case{"MulOne", "b = Mul(a, one)", "float[1,3] one = {1, 1, 1}"},
        Case{"OneTimes", "b = Mul(one, a)", "float one = {1}"}, Case{"DivOne", "b = Div(a, one)", "float one = {1}"},
        Case{"PowOne", "b = Pow(a, one)", "float one = {1}"}, Case{"ClipWithoutBounds", "b = Clip(a)"},
        Case{"ClipOfOpset9", "b = Clip(a)", "float u = {0}", "", 9},
        Case{"ExpandToOnes", "b = Expand(a, s)", "int64[2] s = {1, 1}"},
        Case{"ExpandToSameShape", "b = Expand(a, s)", "int64[3] s = {2, 1, 3}"},
        Case{"TileOnce", "b = Tile(a, s)", "int64[3] s = {1, 1, 1}"}),
    nameOf);

class Op : public testing::TestWithParam<Case> {};

TEST_P(Op, Stays) {
  Graph graph = graphOf(GetParam(), "int64[rank]", "Shape");
  graph.inferShapes();
  EXPECT_EQ(removeIdentity(graph), 0);
  EXPECT_EQ(graph.nodeCount(), 3U);
}

INSTANTIATE_TEST_SUITE_P(
    RemoveIdentity, Op,
    testing::Values(
        Case{"DropoutInTraining", "b = Dropout(a, r, t)", "float r = {0.5}, bool t = {1}"},
        Case{"DropoutThatMayTrain", "b = Dropout(a, r, t)", "float r = {0.5}", ", bool t"},
        Case{"CastToAnotherType", "b = Cast <to = 11> (a)"},
        Case{"ReshapeToAnotherShape", "b = Reshape(a, s)", "int64[3] s = {1, 2, 3}"},
        Case{"SqueezeOfAnAxis", "b = Squeeze(a)"}, Case{"TransposeThatTurns", "b = Transpose <perm = [0, 2, 1]> (a)"},
        Case{"PadOfSomething", "b = Pad(a, s)", "int64[6] s = {0, 0, 0, 0, 0, 1}"},
        Case{"SliceOfAPart", "b = Slice(a, s, e, i)", "int64[1] s = {1}, int64[1] e = {3}, int64[1] i = {2}"},
        Case{"SliceBackwards", "b = Slice(a, s, e, i, t)",
             "int64[1] s = {0}, int64[1] e = {3}, int64[1] i = {2}, int64[1] t = {-1}"},
        Case{"SliceInSteps", "b = Slice(a, s, e, i, t)",
             "int64[1] s = {0}, int64[1] e = {3}, int64[1] i = {2}, int64[1] t = {2}"},
        Case{"AddOne", "b = Add(a, z)", "float z = {1}"}, Case{"ZeroMinus", "b = Sub(z, a)", "float z = {0}"},
        Case{"OneDividedBy", "b = Div(one, a)", "float one = {1}"},
        Case{"AddZerosThatBroadcast", "b = Add(a, z)", "float[4,1] z = {0, 0, 0, 0}"},
        Case{"AddZeroOfHigherRank", "b = Add(a, z)", "float[1,1,1,1] z = {0}"},
        Case{"ClipWithOneBound", "b = Clip(a, z)", "float z = {0}"},
        Case{"ClipWithAComputedBound", "b = Clip(a, z)", "float u = {0}", ", float z"},
        Case{"ExpandToMore", "b = Expand(a, s)", "int64[2] s = {4, 1}"},
        Case{"TileTwice", "b = Tile(a, s)", "int64[3] s = {1, 2, 1}"},
        Case{"ConcatOfTwo", "b = Concat <axis = 0> (a, a)"}),
    nameOf);

TEST(RemoveIdentity, FlattenOfARowOfSamplesGoesAwayThoughTheBatchIsOpen) {
  Graph graph = parseGraph("g (float[batch,3] x) => (float[batch,3] y) { a = Relu(x)\n b = Flatten(a)\n y = Neg(b) }");
  EXPECT_EQ(runChecked(graph, removeIdentity), 1);
}

TEST(RemoveIdentity, FlattenOfAnImageStays) {
  Graph graph =
      parseGraph("g (float[batch,3,2] x) => (float[batch,6] y) { a = Relu(x)\n b = Flatten(a)\n y = Neg(b) }");
  EXPECT_EQ(runChecked(graph, removeIdentity), 0);
}

TEST(RemoveIdentity, ReshapeToAnOpenBatchGoesAway) {
  Graph graph = parseGraph(R"(g (float[batch,3] x) => (float[batch,3] y) <int64[2] s = {-1, 3}> {
      a = Relu(x)
      b = Reshape(a, s)
      y = Neg(b)
    })");
  EXPECT_EQ(runChecked(graph, removeIdentity), 1);
}

TEST(RemoveIdentity, ReshapeThatFixesTheBatchStays) {
  Graph graph = parseGraph(R"(g (float[batch,3] x) => (float[2,3] y) <int64[2] s = {2, 3}> {
      a = Relu(x)
      b = Reshape(a, s)
      y = Neg(b)
    })");
  EXPECT_EQ(runChecked(graph, removeIdentity), 0);
}

TEST(RemoveIdentity, ReshapeWithTwoOpenSizesThatMayTradeStays) {
  Graph graph = parseInferred(R"(g (float[n,m] x, int64[2] s) => (float[p,q] y) {
      a = Relu(x)
      b = Reshape(a, s)
      y = Neg(b)
    })");
  EXPECT_EQ(removeIdentity(graph), 0);
}

TEST(RemoveIdentity, DropoutWhoseMaskIsReadStays) {
  Graph graph = parseGraph("g (float[2] x) => (float[2] y, bool[2] mask) { y, mask = Dropout(x) }");
  EXPECT_EQ(runChecked(graph, removeIdentity), 0);
}

TEST(RemoveIdentity, TheNodeBeforeTakesOverTheNameOfAGraphOutput) {
  Graph graph = parseGraph("g (float[2] x) => (float[2] y) { a = Relu(x)\n y = Identity(a) }");
  EXPECT_EQ(runChecked(graph, removeIdentity), 1);
  EXPECT_TRUE(graph.producer("y")->is("Relu"));
}

TEST(RemoveIdentity, StaysBetweenAGraphInputAndAGraphOutput) {
  Graph graph = parseGraph("g (float[2] x) => (float[2] y) { y = Identity(x) }");
  EXPECT_EQ(runChecked(graph, removeIdentity), 0);
}

TEST(RemoveIdentity, StaysWhenASubgraphCapturesTheName) {
  Graph graph = parseInferred(R"(g (bool c, float[1] x) => (float[1] y) {
      a = Relu(x)
      b = Identity(a)
      y = If (c) <then_branch = t () => (float[1] p) { p = Neg(b) }, else_branch = e () => (float[1] q) { q = Identity(b) }>
    })");
  EXPECT_EQ(removeIdentity(graph), 0);
}

TEST(RemoveIdentity, ServesSeveralReaders) {
  Graph graph =
      parseGraph("g (float[2] x) => (float[2] y, float[2] z) { a = Identity(x)\n y = Relu(a)\n z = Add(a, a) }");
  EXPECT_EQ(runChecked(graph, removeIdentity), 1);
  EXPECT_EQ(graph.producer("z")->input(1), "x");
}

}  // namespace
}  // namespace quant::test
