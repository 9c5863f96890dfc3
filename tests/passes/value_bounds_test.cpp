#include "passes/value_bounds.h"

#include <limits>

#include "pass_testing.h"

namespace quant::test {
namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();

/// The lower bound of `y` in a graph whose last lines are `body`.
double boundOf(const std::string& body) {
  const Graph graph = parseGraph(R"(g (float[2,4,8,8] x, float free) => (float[a,b,c,d] y)
      <float low = {-0.5}, float high = {2}, float one = {1}> {
      r = Relu(x)
      )" + body + "\n}");
  return lowerBound(graph, "y");
}

TEST(LowerBound, ComesFromTheOperator) {
  EXPECT_EQ(boundOf("y = Relu(x)"), 0);
  EXPECT_EQ(boundOf("y = Sigmoid(x)"), 0);
  EXPECT_EQ(boundOf("y = Softmax(x)"), 0);
  EXPECT_EQ(boundOf("y = Clip(x, low, high)"), -0.5);
  EXPECT_EQ(boundOf("y = Clip(x, one)"), 1);
}

TEST(LowerBound, IsTheUpperBoundOfAClipWhereTheyCross) { EXPECT_EQ(boundOf("y = Clip(x, high, one)"), 1); }

TEST(LowerBound, IsUnknownForAClipWithAComputedBound) {
  EXPECT_EQ(boundOf("y = Clip(x, free)"), kNone);
  EXPECT_EQ(boundOf("y = Clip(x, one, free)"), kNone);
}

TEST(LowerBound, PassesThroughWhatSelectsElements) {
  EXPECT_EQ(boundOf("y = MaxPool <kernel_shape = [2, 2]> (r)"), 0);
  EXPECT_EQ(boundOf("t = Transpose(r)\n y = Identity(t)"), 0);
  EXPECT_EQ(boundOf("c = Clip(x, low)\n y = Concat <axis = 1> (r, c)"), -0.5);
  EXPECT_EQ(boundOf("y = Concat <axis = 1> (r, x)"), kNone);
}

TEST(LowerBound, KnowsSumsOfNonNegativeValues) {
  EXPECT_EQ(boundOf("y = Add(r, r)"), 0);
  EXPECT_EQ(boundOf("y = Add(r, x)"), kNone);
}

TEST(LowerBound, IsUnknownForGraphInputsAndOtherOperators) {
  EXPECT_EQ(boundOf("y = Neg(r)"), kNone);
  EXPECT_EQ(lowerBound(parseGraph("g (float[1] x) => (float[1] y) { y = Relu(x) }"), "x"), kNone);
}

}  // namespace
}  // namespace quant::test
