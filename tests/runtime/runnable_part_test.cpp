#include "runtime/runnable_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/executor.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::opTypes;
using test::parseGraph;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr const char* kAtTheEnd = R"(g (float[2] x) => (float[2] y) {
    h = Relu(x)
    [post] y = com.microsoft.Unheard(h)
  })";

constexpr const char* kInTheMiddle = R"(g (float[2] x) => (float[2] y, float[2] z) {
    h = Relu(x)
    side = Abs(h)
    [mid] m = com.microsoft.Unheard(h)
    [sum] y = Add(side, m)
    z = Neg(h)
  })";

std::vector<float> run(const Graph& graph, size_t output, std::initializer_list<float> x) {
  NamedTensors inputs;
  inputs.emplace("x", Tensor::of<float>({2}, x));
  const auto outputs = Executor(graph).run(inputs);
  const auto data = outputs.at(output).data<float>();
  return {data.begin(), data.end()};
}

TEST(RunnablePart, IsNothingWhereAllCanBeRun) {
  EXPECT_FALSE(runnablePart(parseGraph("g (float[2] x) => (float[2] y) { y = Relu(x) }")).has_value());
}

TEST(RunnablePart, OperatorsThatAreTakenApartCanBeRun) {
  const Graph graph = parseGraph("g (float[2] x) => (float[2] y) { y = com.microsoft.QuickGelu(x) }");
  EXPECT_FALSE(runnablePart(graph).has_value());
}

TEST(RunnablePart, EndsInWhatGoesIntoAnOperatorAtTheEnd) {
  const auto part = runnablePart(parseGraph(kAtTheEnd));
  ASSERT_TRUE(part.has_value());
  EXPECT_THAT(part->graph.outputs(), ElementsAre("h"));
  EXPECT_THAT(part->ends, ElementsAre("h"));
  EXPECT_THAT(part->reasons, ElementsAre(Pair("y", "cannot be run here")));
  EXPECT_EQ(part->description(), "com.microsoft.Unheard-1 (node 'post'): what goes into it is compared instead");
  EXPECT_THAT(run(part->graph, 0, {-1, 2}), ElementsAre(0, 2));
}

TEST(RunnablePart, NamesWhatANodeStandsBehind) {
  const auto part = runnablePart(parseGraph(kInTheMiddle));
  ASSERT_TRUE(part.has_value());
  EXPECT_THAT(part->reasons,
              ElementsAre(Pair("m", "cannot be run here"),
                          Pair("y", "behind com.microsoft.Unheard-1 (node 'mid'), which cannot be run here")));
  EXPECT_EQ(part->description(),
            "com.microsoft.Unheard-1 (node 'mid') and 1 node behind: what goes into them is compared instead");
}

TEST(RunnablePart, KeepsOutputsThatCanBeComputedAndBranchesThatMeetBehind) {
  const auto part = runnablePart(parseGraph(kInTheMiddle));
  ASSERT_TRUE(part.has_value());
  EXPECT_THAT(part->graph.outputs(), ElementsAre("z", "h", "side"));
}

TEST(RunnablePart, SizesThatGoBehindAreNoEnds) {
  Graph graph = parseGraph(R"(g (float[2] x) => (float[2] y) {
      h = Relu(x)
      size = Shape(h)
      m = com.microsoft.Unheard(h)
      y = Reshape(m, size)
    })");
  graph.inferShapes();
  EXPECT_THAT(runnablePart(graph).value().ends, ElementsAre("h"));
}

TEST(RunnablePart, ALoopOrIfWithSuchAnOperatorInsideCannotBeRun) {
  const auto part = runnablePart(parseGraph(R"(g (bool c, float[2] x) => (float[2] y) {
      h = Relu(x)
      [choice] y = If (c) <then_branch = t () => (float[2] p) { [in] p = com.microsoft.Unheard(h) },
                           else_branch = e () => (float[2] q) { q = Neg(h) }>
    })"));
  ASSERT_TRUE(part.has_value());
  EXPECT_THAT(part->graph.outputs(), ElementsAre("h"));
  EXPECT_EQ(part->missing.names(), "com.microsoft.Unheard-1 (node 'in' in 'choice')");
}

TEST(RunnablePart, IsNothingWhereNoPartGivesAnything) {
  EXPECT_FALSE(runnablePart(parseGraph("g (float[2] x) => (float[2] y) { y = com.microsoft.Unheard(x) }")).has_value());
}

// --- the same in a model that was made from it --------------------------------------------------------------------

std::optional<RunnablePart> partLike(const char* model, const char* other) {
  const Graph graph = parseGraph(model);
  const auto part = runnablePart(graph);
  return runnablePartLike(graph, &*part, parseGraph(other));
}

TEST(RunnablePartLike, FindsTheValueBehindAQuantization) {
  const auto part = partLike(kAtTheEnd, R"(g (float[2] x) => (float[2] y) <float s = {0.5}, uint8 z = {0}> {
      h = Relu(x)
      q = QuantizeLinear(h, s, z)
      d = DequantizeLinear(q, s, z)
      [post] y = com.microsoft.Unheard(d)
    })");
  ASSERT_TRUE(part.has_value());
  EXPECT_THAT(part->graph.outputs(), ElementsAre("h"));
  EXPECT_THAT(run(part->graph, 0, {-1, 0.7F}), ElementsAre(0, 0.5F));
}

TEST(RunnablePartLike, GivesHalfPrecisionInTheModelsType) {
  Graph model = parseGraph(kAtTheEnd);
  model.inferShapes();
  const auto original = runnablePart(model);
  const auto part = runnablePartLike(model, &*original, parseGraph(R"(g (float[2] x) => (float[2] y) {
      [down] xh = Cast<to = 10>(x)
      h = Relu(xh)
      [post] y = com.microsoft.Unheard(h)
    })"));
  ASSERT_TRUE(part.has_value());
  EXPECT_THAT(part->graph.outputs(), ElementsAre("h"));
  EXPECT_THAT(run(part->graph, 0, {-1, 2}), ElementsAre(0, 2));
}

TEST(RunnablePartLike, ANodeThatWroteUnderAnotherNameIsFoundByItsOwn) {
  const auto part = partLike(kAtTheEnd, R"(g (float[2] x) => (float[2] y) {
      other = Relu(x)
      [post] part = com.microsoft.Unheard(other)
      y = Identity(part)
    })");
  EXPECT_THAT(part.value().graph.outputs(), ElementsAre("h"));
}

TEST(RunnablePartLike, LeavesOutWhatTheOtherModelDoesNotHave) {
  const auto part = partLike(kInTheMiddle, R"(g (float[2] x) => (float[2] y, float[2] z) {
      h = Relu(x)
      y = com.microsoft.Unmade(h)
      z = Neg(h)
    })");
  EXPECT_THAT(part.value().ends, ElementsAre("h"));
}

}  // namespace
}  // namespace quant
