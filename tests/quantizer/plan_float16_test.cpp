#include "quantizer/plan_float16.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "quantizer/float16_testing.h"

namespace quant {
namespace {

using test::halfPlan;
using test::rangesOf;
using test::rowOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(PlanFloat16, WithoutSamplesSteepOperatorsStayFloat32) {
  const auto plan = halfPlan("g (float[2] x) => (float[2] y) { a = Exp(x) y = Relu(a) }");
  EXPECT_EQ(rowOf(plan, "a").treatment, Treatment::kFloat);
  EXPECT_EQ(rowOf(plan, "a").reason, "its result grows fast, and no samples show how far");
}

TEST(PlanFloat16, GoesOnBehindOperatorsThatOnnxruntimeAdds) {
  const auto plan =
      halfPlan(R"(g (float[1,2,2] x) => (float[1,2,2] y) <float[2,2] w = {1, 2, 3, 4}, float[2] scale = {1, 2}> {
      m = MatMul(x, w)
      n = com.microsoft.SkipLayerNormalization(m, m, scale)
      r = com.microsoft.FastGelu(n)
      y = MatMul(r, w)
    })");
  for (const char* value : {"m", "n", "r", "y"}) EXPECT_EQ(rowOf(plan, value).treatment, Treatment::kHalf) << value;
}

TEST(PlanFloat16, WithoutSamplesScalesAndWhatTheyMultiplyStayFloat32) {
  const auto plan = halfPlan(R"(g (float[2,2] x) => (float[2,2] y) <uint8[2,2] w = {1, 2, 3, 4}, float s = {0.001}> {
      q, scale, zero = DynamicQuantizeLinear(x)
      i = MatMulInteger(q, w, zero)
      sums = Cast<to = 1>(i)
      product = Mul(scale, s)
      m = Mul(sums, product)
      y = Relu(m)
    })");
  for (const char* value : {"product", "m"}) {
    EXPECT_THAT(rowOf(plan, value).reason, HasSubstr("computes with scales")) << value;
  }
}

TEST(PlanFloat16, AMaskOfInfinitiesIsNoObstacle) {
  Graph graph = test::parseGraph("g (float[2] x) => (float[2] y) { y = Add(x, mask) }");
  graph.defineConstant("mask", Tensor::of<float>({2}, {0, -std::numeric_limits<float>::infinity()}));
  graph.inferShapes();
  EXPECT_THAT(planFloat16(graph, nullptr, {}).warnings, IsEmpty());
}

TEST(PlanFloat16, SamplesDecideAboutSteepOperators) {
  const std::string text = "g (float[2] x) => (float[2] y) { a = Relu(x) b = Exp(a) y = Relu(b) }";
  const auto small = rangesOf({{"x", {0, 3}}, {"a", {0, 3}}, {"b", {1, 20}}, {"y", {1, 20}}});
  EXPECT_EQ(rowOf(halfPlan(text, {}, &small), "b").treatment, Treatment::kHalf);
  const auto large = rangesOf({{"x", {0, 12}}, {"a", {0, 12}}, {"b", {1, 162754}}, {"y", {1, 162754}}});
  const auto plan = halfPlan(text, {}, &large);
  EXPECT_EQ(rowOf(plan, "b").treatment, Treatment::kFloat);
  EXPECT_EQ(rowOf(plan, "b").reason, "'b' reaches 1.63e+05; float16 ends at 6.55e+04");
}

TEST(PlanFloat16, BFloat16HoldsWhatFloat16DoesNot) {
  const std::string text = "g (float[2] x) => (float[2] y) { a = Relu(x) b = Exp(a) y = Relu(b) }";
  const auto large = rangesOf({{"x", {0, 12}}, {"a", {0, 12}}, {"b", {1, 162754}}, {"y", {1, 162754}}});
  EXPECT_EQ(rowOf(halfPlan(text, {DataType::kBFloat16}, &large), "b").treatment, Treatment::kHalf);
}

TEST(PlanFloat16, ValuesTooSmallForTheTypeStayFloat32) {
  const auto ranges = rangesOf({{"x", {-1, 1}}, {"a", {0, 1e-5F}}, {"y", {0, 1}}});
  const auto plan = halfPlan("g (float[2] x) => (float[2] y) { a = Relu(x) y = Sigmoid(a) }", {}, &ranges);
  EXPECT_THAT(rowOf(plan, "a").reason, HasSubstr("'a' reaches only 1e-05"));
}

TEST(PlanFloat16, SumsThatWouldOverflowStayFloat32) {
  const std::string text = "g (float[1,1000] x) => (float[1,1] y) { a = Relu(x) s = ReduceSum(a) y = MatMul(s, s) }";
  auto ranges = rangesOf({{"x", {0, 100}}, {"a", {0, 100}}, {"s", {0, 30000}}});
  ranges.values["a"].elements = 1000;
  const auto plan = halfPlan(text, {}, &ranges);
  EXPECT_EQ(rowOf(plan, "s").reason, "adds up many elements: about 1000 of up to 100 may sum up to 1e+05");
  ranges.values["a"].max = 10;
  EXPECT_EQ(rowOf(halfPlan(text, {}, &ranges), "s").treatment, Treatment::kHalf);
}

TEST(PlanFloat16, WeightsBeyondTheRangeAreKeptWithALoudLine) {
  const auto plan = halfPlan(R"(g (float[1,2] x) => (float[1,2] y)
      <float[2,2] w = {1, 2, 70000, 4}> { y = MatMul(x, w) })");
  EXPECT_EQ(rowOf(plan, "y").reason, "'w' holds 1 of 4 value(s) beyond float16's largest number 65504, up to 7e+04");
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("weights stay float32: 'w' holds 1 of 4")));
  EXPECT_EQ(plan.half.values.at("w"), HalfStorage::kFloat32);
}

TEST(PlanFloat16, WeightsThatWouldMostlyVanishAreKept) {
  const auto plan = halfPlan(R"(g (float[1,2] x) => (float[1,2] y)
      <float[2,2] w = {1, 1e-9, 1e-9, 0}> { y = MatMul(x, w) })");
  EXPECT_EQ(rowOf(plan, "y").reason, "2 of the 3 values of 'w' that are not zero would become zero in float16");
}

TEST(PlanFloat16, ASmallEpsilonKeepsItsNode) {
  const auto plan = halfPlan("g (float[2] x) => (float[2] y) <float e = {1e-12}> { a = Add(x, e) y = Sqrt(a) }");
  EXPECT_THAT(rowOf(plan, "a").reason, HasSubstr("'e' reaches only 1e-12, below float16's smallest normal number"));
  EXPECT_THAT(plan.warnings, IsEmpty());
}

TEST(PlanFloat16, ABoundBeyondTheRangeIsNoObstacle) {
  const auto plan = halfPlan(R"(g (float[2,2] x) => (float[2,2] y)
      <float low = {0}, float high = {3.4e38}> { a = MatMul(x, x) b = Clip(a, low, high) y = MatMul(b, x) })");
  EXPECT_EQ(rowOf(plan, "b").treatment, Treatment::kHalf);
  EXPECT_EQ(rowOf(plan, "b").reason, "its bound 3.4e+38 becomes infinity, the same to a float16");
}

TEST(PlanFloat16, AMaskBeyondTheRangeIsFollowedToTheSoftmaxThatEndsIt) {
  const auto plan = halfPlan(R"(g (bool[2,2] m, float[2,2] x) => (float[2,2] y)
      <float zero = {0}, float large = {-1e9}> {
        s = Relu(x)
        mask = Where(m, zero, large)
        a = Add(s, mask)
        p = Softmax(a)
        y = MatMul(p, s)
      })");
  EXPECT_EQ(rowOf(plan, "mask").treatment, Treatment::kFloat);
  EXPECT_EQ(rowOf(plan, "a").reason, "'mask' holds numbers beyond float16's range");
  EXPECT_EQ(rowOf(plan, "p").reason, "'a' holds numbers beyond float16's range");
  EXPECT_EQ(rowOf(plan, "y").treatment, Treatment::kHalf);
}

TEST(PlanFloat16, PositionsAndAnglesStayFloat32) {
  const auto plan = halfPlan(R"(g (int64[8,8] p, float[8,8] x) => (float[8,8] y)
      <float f = {0.5}> {
        position = Cast<to=1>(p)
        angle = Mul(position, f)
        c = Cos(angle)
        r = MatMul(x, x)
        m = Mul(r, c)
        y = MatMul(m, x)
      })");
  EXPECT_THAT(rowOf(plan, "position").reason, HasSubstr("positions or sizes"));
  EXPECT_THAT(rowOf(plan, "angle").reason, HasSubstr("whole numbers only up to 2048"));
  EXPECT_EQ(rowOf(plan, "c").reason, "an angle needs more places than half precision has");
  EXPECT_EQ(rowOf(plan, "m").treatment, Treatment::kHalf);
}

TEST(PlanFloat16, NodesBetweenKeptOnesAreKeptToo) {
  // Sub and Sqrt would each be cast to half and back.
  const auto plan = halfPlan(R"(g (float[2,8] x) => (float[2,8] y) <float two = {2}> {
        r = Relu(x)
        m = ReduceMean<axes=[-1]>(r)
        d = Sub(r, m)
        q = Pow(d, two)
        v = ReduceMean<axes=[-1]>(q)
        s = Sqrt(v)
        n = Div(d, s)
        y = Relu(n)
      })");
  EXPECT_EQ(rowOf(plan, "d").reason, "stands between float32 values: half precision here would only add casts");
  EXPECT_EQ(rowOf(plan, "s").treatment, Treatment::kFloat);
  EXPECT_EQ(rowOf(plan, "q").reason, "its result grows fast, and no samples show how far");
}

TEST(PlanFloat16, ProductsAreNotKeptToSaveACast) {
  const auto plan = halfPlan("g (float[2,2] x) => (float[2,2] y) { a = Exp(x) b = MatMul(a, a) y = Exp(b) }");
  EXPECT_EQ(rowOf(plan, "b").treatment, Treatment::kHalf);
}

TEST(PlanFloat16, TheUserMayExcludeNodes) {
  HalfOptions options;
  options.selection.exclude_ops = {"Relu"};
  const auto plan = halfPlan("g (float[2,2] x) => (float[2,2] y) { a = MatMul(x, x) y = Relu(a) }", options);
  EXPECT_EQ(rowOf(plan, "y").reason, "excluded by --exclude-op 'Relu'");
}

TEST(PlanFloat16, NodesThatWereSeenToFailStayFloat32) {
  const Graph graph = test::inferred("g (float[2,2] x) => (float[2,2] y) { a = MatMul(x, x) y = MatMul(a, a) }");
  const auto plan = planFloat16(graph, nullptr, {}, {{"a", "gave infinity"}});
  EXPECT_EQ(rowOf(plan, "a").reason, "gave infinity");
  EXPECT_EQ(rowOf(plan, "y").treatment, Treatment::kHalf);
}

TEST(PlanFloat16, OperatorsOfOtherDomainsStayFloat32) {
  Graph graph = test::parseGraph("g (float[2] x) => (float[2] y) { a = Relu(x) y = com.acme.Foo(a) }", 17);
  graph.setOpset("com.acme", 1);
  graph.inferShapes();
  graph.setValueType("y", {DataType::kFloat32, Shape{2}});
  const auto plan = planFloat16(graph, nullptr, {});
  EXPECT_EQ(rowOf(plan, "y").reason, "nothing says that com.acme.Foo takes float16");
}

TEST(PlanFloat16, BFloat16RaisesTheModelToTheOpsetOfItsOperators) {
  const Graph conv = test::inferred("g (float[1,1,2,2] x, float[1,1,1,1] w) => (float[1,1,2,2] y) { y = Conv(x, w) }");
  EXPECT_EQ(opsetForHalf(conv, DataType::kBFloat16), 22);
  EXPECT_EQ(opsetForHalf(conv, DataType::kFloat16), 17);
  const Graph add = test::inferred("g (float[1] x) => (float[1] y) { y = Add(x, x) }");
  EXPECT_EQ(opsetForHalf(add, DataType::kBFloat16), 17);
}

}  // namespace
}  // namespace quant
