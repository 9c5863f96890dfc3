#include "eval/value_matching.h"

#include <gmock/gmock.h>

#include "support/onnx_text.h"

namespace quant {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

/// Names of the baseline's values and of those that stand for them, when everything in `graph` exists.
std::vector<std::pair<std::string, std::string>> match(const std::string& baseline, const std::string& graph) {
  const Graph other = test::parseGraph(graph);
  std::set<std::string> running;
  for (const Node* node : other.nodes()) running.insert(node->output());
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const MatchedValue& match : matchValues(test::parseGraph(baseline), other, running)) {
    pairs.emplace_back(match.baseline.name, match.actual.name);
  }
  return pairs;
}

constexpr const char* kFloat = R"(g (float[2] x) => (float[2] y) <float[2,2] w = {1, 2, -3, 4}> {
  h = MatMul(x, w)
  r = Relu(h)
  y = Exp(r) })";

TEST(MatchValues, FollowsTheGraphWhateverTheNamesAre) {
  EXPECT_THAT(match(kFloat, R"(g (float[2] x) => (float[2] c) <float[2,2] v = {1, 2, -3, 4}> {
    y = MatMul(x, v)
    h = Relu(y)
    c = Exp(h) })"),
              UnorderedElementsAre(Pair("h", "y"), Pair("r", "h"), Pair("y", "c")));
}

TEST(MatchValues, LooksThroughQuantizeAndDequantize) {
  const auto pairs = match(kFloat, R"(g (float[2] x) => (float[2] y)
    <float[2,2] w = {1, 2, -3, 4}, float s = {0.5}, uint8 z = {3}> {
      xq = QuantizeLinear(x, s, z)
      xd = DequantizeLinear(xq, s, z)
      a = MatMul(xd, w)
      aq = QuantizeLinear(a, s, z)
      ad = DequantizeLinear(aq, s, z)
      b = Relu(ad)
      y = Exp(b) })");
  EXPECT_THAT(pairs, UnorderedElementsAre(Pair("x", "xq"), Pair("h", "aq"), Pair("r", "b"), Pair("y", "y")));
}

TEST(MatchValues, GivesTheMeaningOfIntegers) {
  const Graph graph = test::parseGraph(R"(g (float[2] x) => (float[2] y) <float s = {0.5}, uint8 z = {3}> {
    a = Exp(x)
    q = QuantizeLinear(a, s, z)
    y = DequantizeLinear(q, s, z) })");
  const auto matches = matchValues(test::parseGraph("g (float[2] x) => (float[2] y) { y = Exp(x) }"), graph, {"q"});
  ASSERT_EQ(matches.size(), 1);
  EXPECT_EQ(matches[0].actual.params, QuantParams(DataType::kUInt8, 0.5F, 3));
  EXPECT_FALSE(matches[0].baseline.params);
}

TEST(MatchValues, TakesAnAbsorbedReluForTheSaturationBehindIt) {
  const auto pairs = match(kFloat, R"(g (float[2] x) => (float[2] y)
    <float[2,2] w = {1, 2, -3, 4}, float s = {0.5}, uint8 z = {0}> {
      a = MatMul(x, w)
      aq = QuantizeLinear(a, s, z)
      ad = DequantizeLinear(aq, s, z)
      y = Exp(ad) })");
  EXPECT_THAT(pairs, UnorderedElementsAre(Pair("r", "aq"), Pair("y", "y")));
}

TEST(MatchValues, TellsTwinsApartByTheirWeights) {
  const auto pairs = match(R"(g (float[2] x) => (float[2] y, float[2] z)
    <float[2,2] v = {1, 2, -3, 4}, float[2,2] w = {-1, -2, 3, -4}> {
      y = MatMul(x, v)
      z = MatMul(x, w) })",
                           R"(g (float[2] x) => (float[2] first, float[2] second)
    <float[2,2] a = {-1, -2, 3, -4}, float[2,2] b = {1, 2, -3, 4}> {
      first = MatMul(x, a)
      second = MatMul(x, b) })");
  EXPECT_THAT(pairs, UnorderedElementsAre(Pair("y", "second"), Pair("z", "first")));
}

TEST(MatchValues, TakesIntegerOperatorsForWhatTheyCompute) {
  const auto pairs = match(kFloat, R"(g (float[2] x) => (float[2] y)
    <float s = {0.5}, uint8 z = {0}, int8[2,2] w = {1, 2, -3, 4}, int8 wz = {0}> {
      q = QuantizeLinear(x, s, z)
      a = QLinearMatMul(q, s, z, w, s, wz, s, z)
      d = DequantizeLinear(a, s, z)
      r = Relu(d)
      y = Exp(r) })");
  EXPECT_THAT(pairs, Contains(Pair("h", "a")));
}

TEST(MatchValues, FollowsDynamicQuantizationToItsReals) {
  const auto pairs = match(kFloat, R"(g (float[2] x) => (float[2] y)
    <int8[2,2] w = {1, 2, -3, 4}, int8 wz = {0}, float ws = {0.5}> {
      q, s, z = DynamicQuantizeLinear(x)
      i = MatMulInteger(q, w, z, wz)
      f = Cast<to = 1>(i)
      sw = Mul(s, ws)
      m = Mul(f, sw)
      r = Relu(m)
      y = Exp(r) })");
  EXPECT_THAT(pairs, Contains(Pair("h", "m")));
  EXPECT_THAT(pairs, Contains(Pair("y", "y")));
}

TEST(MatchNetworks, CountsThePartsOfAnIntegerProductAsOne) {
  const char* integers = R"(g (float[1,2] x) => (float[1,2] y)
    <int8[2,2] w = {1, 2, -3, 4}, int8 wz = {0}, float ws = {0.5}, int32[2] b = {1, 2}> {
      q, s, z = DynamicQuantizeLinear(x)
      i = MatMulInteger(q, w, z, wz)
      ib = Add(i, b)
      f = Cast<to = 1>(ib)
      sw = Mul(s, ws)
      y = Mul(f, sw) })";
  const auto matched = matchNetworks(
      test::parseGraph(R"(g (float[1,2] x) => (float[1,2] y) <float[2,2] w = {1, 2, -3, 4}, float[2] b = {1, 2}> {
        y = Gemm(x, w, b) })"),
      test::parseGraph(integers), {"y"});
  ASSERT_EQ(matched.values.size(), 1);
  EXPECT_EQ(matched.values[0].actual.name, "y");
  EXPECT_THAT(matched.only_other, IsEmpty());
}

TEST(MatchNetworks, GivesTheMeaningOfIntegersFromTheOperatorsAroundThem) {
  const Graph graph = test::parseGraph(R"(g (float[1,2] x) => (float[1,2] y)
    <float s = {0.5}, float t = {0.25}, uint8 z = {3}, uint8[2,2] w = {1, 2, 3, 4}> {
      q = QuantizeLinear(x, s, z)
      a = QLinearMatMul(q, s, z, w, s, z, t, z)
      b = Transpose<perm = [1, 0]>(a)
      c = QLinearMatMul(w, s, z, b, t, z, s, z)
      y = DequantizeLinear(c, s, z) })");
  const auto matched =
      matchNetworks(test::parseGraph(R"(g (float[1,2] x) => (float[1,2] y) <float[2,2] w = {1, 2, 3, 4}> {
        a = MatMul(x, w)
        b = Transpose<perm = [1, 0]>(a)
        y = MatMul(w, b) })"),
                    graph, {"a", "b"});
  ASSERT_EQ(matched.values.size(), 2);
  for (const MatchedValue& value : matched.values) {
    EXPECT_EQ(value.actual.params, QuantParams(DataType::kUInt8, 0.25F, 3)) << value.actual.name;
  }
}

TEST(MatchNetworks, NamesWhatExistsOnlyInsideOfAStep) {
  const Graph graph = test::parseGraph(kFloat);
  EXPECT_THAT(matchNetworks(graph, graph, {"r", "y"}).inside_steps, testing::ElementsAre("h"));
}

TEST(MatchValues, DoesNotMatchOtherOperatorsOfTheSameName) {
  EXPECT_THAT(match("g (float[2] x) => (float[2] y) { y = Exp(x) }", "g (float[2] x) => (float[2] y) { y = Log(x) }"),
              Not(Contains(Pair("y", "y"))));
}

TEST(MatchValues, ResumesAtEqualNamesBehindARewrittenPart) {
  EXPECT_THAT(match(R"(g (float[2] x) => (float[2] y) {
    a = Sigmoid(x)
    b = Mul(x, a)
    y = Exp(b) })",
                    R"(g (float[2] x) => (float[2] y) {
    b = HardSigmoid(x)
    y = Exp(b) })"),
              UnorderedElementsAre(Pair("y", "y")));
}

TEST(MatchValues, LeavesOutWhatDoesNotExistWhenTheModelRuns) {
  EXPECT_THAT(matchValues(test::parseGraph(kFloat), test::parseGraph(kFloat), {}), IsEmpty());
}

}  // namespace
}  // namespace quant
