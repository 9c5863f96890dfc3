#include "passes/pass.h"

#include <set>

#include "core/error.h"
#include "pass_testing.h"

namespace quant::test {
namespace {

/// Takes one Relu away in each call.
int dropOneRelu(Graph& graph) {
  for (Node* node : graph.nodes()) {
    if (node->is("Relu") && graph.bypass(*node)) return 1;
  }
  return 0;
}

int breakAnEdge(Graph& graph) {
  graph.setInput(*graph.nodes().back(), 0, "nowhere");
  return 1;
}

int alwaysChanges(Graph&) { return 1; }

constexpr const char* kThreeRelus =
    "g (float[2] x) => (float[2] y) { a = Relu(x)\n b = Relu(a)\n c = Relu(b)\n y = Neg(c) }";

TEST(RunPasses, RepeatsUntilNothingChanges) {
  Graph graph = parseGraph(kThreeRelus);
  constexpr Pass kPasses[] = {{"drop-one-relu", dropOneRelu}};
  const auto results = runPasses(graph, kPasses);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].name, "drop-one-relu");
  EXPECT_EQ(results[0].changes, 3);
  EXPECT_GE(results[0].seconds, 0);
  EXPECT_THAT(opTypes(graph), ElementsAre("Neg"));
}

TEST(RunPasses, SaysWhichPassBrokeTheGraph) {
  Graph graph = parseGraph(kThreeRelus);
  constexpr Pass kPasses[] = {{"break-an-edge", breakAnEdge}};
  try {
    runPasses(graph, kPasses);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("reads 'nowhere', which nothing produces"));
    EXPECT_THAT(error.what(), testing::HasSubstr("while running pass 'break-an-edge'"));
  }
}

TEST(RunPasses, StopsWhenPassesUndoEachOther) {
  Graph graph = parseGraph(kThreeRelus);
  constexpr Pass kPasses[] = {{"always-changes", alwaysChanges}};
  EXPECT_LE(runPasses(graph, kPasses)[0].changes, 100);
}

TEST(PreparationPasses, ReachBodiesAndWhatTheyNoLongerCapture) {
  // The body's Constant node and the captured "two" become one constant of the body.
  Graph graph = parseGraph(R"(g (bool c, float[2] x) => (float[2] y) <float two = {2}> {
      y = If (c) <then_branch = t () => (float[2] a) {
                    three = Constant <value_float = 3.0> ()
                    six = Mul(two, three)
                    a = Mul(x, six)
                  },
                  else_branch = e () => (float[2] b) { b = Neg(x) }>
    })");
  runPasses(graph, preparationPasses());
  const onnx::GraphProto& branch = graph.producer("y")->findAttr("then_branch")->g();
  ASSERT_EQ(branch.node_size(), 1);
  ASSERT_EQ(branch.initializer_size(), 1);
  EXPECT_EQ(branch.initializer(0).name(), "six");
  EXPECT_TRUE(graph.constants().empty());
}

TEST(PreparationPasses, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Pass& pass : preparationPasses()) EXPECT_TRUE(names.insert(pass.name).second) << pass.name;
  EXPECT_GE(names.size(), 10U);
}

TEST(PreparationPasses, ChangeNothingTheSecondTime) {
  Graph graph = graphWith(R"(g (float[batch,3,5,5] x) => (float[batch,4] y)
      <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}, float six = {6}, float[4,1,1] k = {1, 2, 3, 4}, int64 i = {0},
       int64[1] axis = {0}, int64[1] rest = {-1}> {
      p = Pad(x, pads)
      a = Conv(p, w)
      b = Mul(a, k)
      r = Relu(b)
      c = Min(r, six)
      g = GlobalAveragePool(c)
      shape = Shape(x)
      n = Gather(shape, i)
      nv = Unsqueeze(n, axis)
      target = Concat <axis = 0> (nv, rest)
      y = Reshape(g, target)
    })",
                          {{"w", {4, 3, 3, 3}}});
  const Graph before = graph.clone();
  runPasses(graph, preparationPasses());
  EXPECT_THAT(opTypes(graph), ElementsAre("Conv", "Clip", "GlobalAveragePool", "Reshape"));
  expectSameOutputs(before, graph);
  for (const PassResult& result : runPasses(graph, preparationPasses())) EXPECT_EQ(result.changes, 0) << result.name;
}

TEST(RemoveUnused, DropsTheInputsThatDeclareInitializersInOldFiles) {
  Graph graph = parseGraph(R"(g (float[2] x, float[2] a, float[2] b) => (float[2] y)
      <float[2] a = {1, 2}, float[2] b = {3, 4}> { y = Add(x, a) })");
  EXPECT_EQ(removeUnused(graph), 1);
  EXPECT_THAT(graph.inputs(), ElementsAre("x"));
  EXPECT_THAT(graph.constants(), ElementsAre("a"));
}

}  // namespace
}  // namespace quant::test
