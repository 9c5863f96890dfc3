#include "eval/comparison.h"

#include <gmock/gmock.h>

#include <cmath>

#include "core/error.h"
#include "support/onnx_text.h"
#include "support/two_samples.h"

namespace quant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Compares two models, given as text, on ones and minus ones.
ModelComparison compare(const std::string& baseline, const std::string& other, const Shape& shape = {1, 1}) {
  Graph a = test::parseGraph(baseline), b = test::parseGraph(other);
  a.inferShapes();
  b.inferShapes();
  const test::TwoSamples samples(shape);
  return compareModels({"a.onnx", &a, &samples}, {"b.onnx", &b, &samples});
}

std::vector<std::string> valuesOf(const ModelComparison& comparison) {
  std::vector<std::string> names;
  for (const ValueDifference& value : comparison.values) names.push_back(value.baseline.value);
  return names;
}

const ValueDifference& at(const ModelComparison& comparison, const std::string& name) {
  for (const ValueDifference& value : comparison.values) {
    if (value.baseline.value == name) return value;
  }
  throw std::runtime_error("no value " + name);
}

double decibels(double signal, double error) { return 20 * std::log10(signal / error); }

constexpr const char* kFloat = R"(g (float[1,1] x) => (float[1,1] y) <float[1,1] v = {0.75}, float[1,1] w = {2}> {
  h = MatMul(x, v)
  y = MatMul(h, w) })";

// 0.75 lies between two levels of h's grid: 0.5 * round(1.5) = 1. From 1, y is 2 on its grid, without a loss.
constexpr const char* kQuantized = R"(g (float[1,1] x) => (float[1,1] y)
  <float one = {1}, int8 z = {0}, float half = {0.5}, float quarter = {0.25}, int8[1,1] v = {3}, int8[1,1] w = {8}> {
    xq = QuantizeLinear(x, one, z)
    xd = DequantizeLinear(xq, one, z)
    vd = DequantizeLinear(v, quarter, z)
    a = MatMul(xd, vd)
    aq = QuantizeLinear(a, half, z)
    ad = DequantizeLinear(aq, half, z)
    wd = DequantizeLinear(w, quarter, z)
    b = MatMul(ad, wd)
    bq = QuantizeLinear(b, half, z)
    y = DequantizeLinear(bq, half, z) })";

TEST(CompareModels, FollowsTheNetwork) {
  const auto comparison = compare(kFloat, kQuantized);
  EXPECT_THAT(valuesOf(comparison), ElementsAre("x", "h", "y"));
  EXPECT_EQ(comparison.values[1].type, "int8");
  EXPECT_EQ(comparison.values[1].baseline.op_type, "MatMul");
  EXPECT_THAT(comparison.values[2].inputs, ElementsAre(1));
  EXPECT_THAT(comparison.only_baseline, IsEmpty());
  EXPECT_THAT(comparison.only_other, IsEmpty());
}

TEST(CompareModels, TellsWhatANodeAddsFromWhatArrives) {
  const auto comparison = compare(kFloat, kQuantized);
  const ValueDifference &h = at(comparison, "h"), &y = at(comparison, "y");
  EXPECT_NEAR(h.sqnr, decibels(0.75, 0.25), 1e-4);
  EXPECT_NEAR(h.added_sqnr.value(), decibels(0.75, 0.25), 1e-4);
  EXPECT_EQ(arrivingSqnr(comparison, h), INFINITY);
  EXPECT_NEAR(y.sqnr, decibels(1.5, 0.5), 1e-4);
  EXPECT_NEAR(arrivingSqnr(comparison, y).value(), h.sqnr, 1e-9);
  EXPECT_EQ(y.added_sqnr, INFINITY);
}

TEST(CompareModels, FindsOtherWeightsInTheSameNetwork) {
  const auto comparison = compare(kFloat, R"(g (float[1,1] x) => (float[1,1] y)
    <float[1,1] v = {0.75}, float[1,1] w = {2.5}> {
      h = MatMul(x, v)
      y = MatMul(h, w) })");
  EXPECT_EQ(at(comparison, "h").sqnr, INFINITY);
  EXPECT_NEAR(at(comparison, "y").added_sqnr.value(), decibels(2, 0.5), 1e-4);
  EXPECT_EQ(firstBelow(comparison, 20).value(), 1);
  EXPECT_THAT(largestAddedLosses(comparison, 10), ElementsAre(1));
}

TEST(CompareModels, TakesTheWorstOfSeveralInputsForWhatArrives) {
  const char* text = R"(g (float[1,1] x) => (float[1,2] y) <float[1,1] v = {1}, float[1,1] w = {W}> {
    a = MatMul(x, v)
    b = MatMul(x, w)
    y = Concat<axis = 1>(a, b) })";
  const auto with = [&](const std::string& weight) {
    std::string result = text;
    return result.replace(result.find("{W}"), 3, "{" + weight + "}");
  };
  const auto comparison = compare(with("1"), with("1.5"));
  EXPECT_NEAR(arrivingSqnr(comparison, at(comparison, "y")).value(), decibels(1, 0.5), 1e-4);
  EXPECT_EQ(at(comparison, "y").added_sqnr, INFINITY);
}

TEST(CompareModels, ComparesOutputsToo) {
  const auto comparison = compare(kFloat, kQuantized);
  ASSERT_EQ(comparison.outputs.size(), 1);
  EXPECT_NEAR(comparison.outputs[0].sqnr, decibels(1.5, 0.5), 1e-4);
}

TEST(CompareModels, NamesWhatOnlyOneModelComputes) {
  const auto comparison = compare("g (float[1,1] x) => (float[1,1] y) { a = Exp(x) b = Sin(a) y = Neg(b) }",
                                  "g (float[1,1] x) => (float[1,1] y) { a = Exp(x) c = Cos(a) y = Neg(c) }");
  ASSERT_EQ(comparison.only_baseline.size(), 1);
  EXPECT_EQ(comparison.only_baseline[0].op_type, "Sin");
  ASSERT_EQ(comparison.only_other.size(), 1);
  EXPECT_EQ(comparison.only_other[0].op_type, "Cos");
  EXPECT_THAT(valuesOf(comparison), ElementsAre("a", "y"));
}

std::string errorOf(const std::string& baseline, const std::string& other) {
  try {
    compare(baseline, other);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    return error.what();
  }
  return "no error";
}

TEST(CompareModels, RefusesModelsThatHaveNothingInCommon) {
  EXPECT_THAT(
      errorOf("g (float[1,1] x) => (float[1,1] y) { y = Exp(x) }", "g (float[1,1] x) => (float[1,1] z) { z = Sin(x) }"),
      AllOf(HasSubstr("'a.onnx' and 'b.onnx' have no value in common"), HasSubstr("'a.onnx' begins with Exp"),
            HasSubstr("'b.onnx' begins with Sin")));
}

TEST(CompareModels, RefusesNetworksOfOtherShapes) {
  EXPECT_THAT(errorOf("g (float[1,1] x) => (float[1,2] y) <float[1,2] w = {1, 2}> { y = MatMul(x, w) }",
                      "g (float[1,1] x) => (float[1,3] y) <float[1,3] w = {1, 2, 3}> { y = MatMul(x, w) }"),
              AllOf(HasSubstr("'y' is [1,2] in the first"), HasSubstr("'y' is [1,3] in the second")));
}

}  // namespace
}  // namespace quant
