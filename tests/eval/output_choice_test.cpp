#include "eval/output_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using testing::HasSubstr;

/// A model whose outputs are declared so: only their names, types and shapes matter.
Graph with(const std::string& inputs, const std::string& outputs) {
  return test::parseGraph("g (" + inputs + ") => (" + outputs + ") { unused = Identity(x) }");
}

OutputChoice chosen(const Graph& graph, bool has_labels, std::optional<size_t> classes = {}) {
  return chooseOutput(graph, {{}, "", has_labels, classes});
}

Metric metricOf(const std::string& shape, bool has_labels) {
  return chosen(with("float" + shape + " x", "float" + shape + " y"), has_labels).metric;
}

TEST(OutputChoice, FollowsTheShapeOfAnOnlyOutput) {
  EXPECT_EQ(metricOf("[1,10]", true), Metric::kClasses);
  EXPECT_EQ(metricOf("[N,10]", false), Metric::kClasses);
  EXPECT_EQ(metricOf("[1,10,1,1]", true), Metric::kClasses);
  EXPECT_EQ(metricOf("[1,1]", true), Metric::kError);
  EXPECT_EQ(metricOf("[8,10]", true), Metric::kError);
  EXPECT_EQ(metricOf("[1,3,8,8]", true), Metric::kError);
}

TEST(OutputChoice, TakesSentencesForVectors) {
  EXPECT_EQ(chosen(with("float[1,3,2] x, int64[1,3] attention_mask", "float[1,3,2] y"), true).metric, Metric::kVectors);
}

TEST(OutputChoice, FindsNoScoresInADetectorOfOnePicture) {
  const Graph graph = with("float[3,320,320] x", "float[n,4] a, float[n] b, int64[n] c");
  const OutputChoice choice = chosen(graph, true, 10);
  EXPECT_EQ(choice.metric, Metric::kError);
  EXPECT_EQ(choice.no_scores,
            "no top-1 and top-5, though there are labels: no output is a row of class scores ('a' [?,4] has a row for "
            "each number of 'b'; 'b' [?] has a number for each box of 'a'; 'c' [?] is int64)");
  EXPECT_EQ(chosen(graph, false).no_scores, "");
}

TEST(OutputChoice, FindsNoScoresInADetectorOfABatch) {
  EXPECT_EQ(
      chosen(with("float[b,3,64,64] x", "float[1,100,4] p, float[1,100] q, float[1,100] r, float[1] s"), true).metric,
      Metric::kError);
  EXPECT_EQ(chosen(with("float[b,3,64,64] x", "float[b,8400,84] y"), true).metric, Metric::kError);
  EXPECT_EQ(chosen(with("float[b,3,64,64] x", "float[n,6] boxes"), true).metric, Metric::kError);
  EXPECT_EQ(whyNoScores(with("float[1,3,64,64] x", "float[n,6] y"), 0), "has as many rows as the sample gives");
}

TEST(OutputChoice, FindsProbabilitiesBehindALabel) {
  const OutputChoice choice = chosen(with("float[N,4] x", "int64[N] label, float[N,4] probabilities"), true, 4);
  EXPECT_EQ(choice.metric, Metric::kClasses);
  EXPECT_EQ(choice.output, 1U);
}

TEST(OutputChoice, PrefersAsManyScoresAsThereAreClasses) {
  const Graph graph = with("float[N,4] x", "float[N,512] features, float[N,10] logits, float[N,10] more");
  EXPECT_EQ(chosen(graph, true, 10).output, 1U);
  EXPECT_EQ(chosen(graph, true, 7).output, 0U);
  EXPECT_EQ(chosen(graph, true).output, 0U);
  EXPECT_EQ(chosen(graph, true, 1000).output, 0U);  // whose labels will be refused by name
}

TEST(OutputChoice, LetsTheUserNameTheOutput) {
  const Graph graph = with("float[N,4] x", "float[N,512] features, float[N,10] logits");
  EXPECT_EQ(chooseOutput(graph, {{}, "logits", true, {}}).output, 1U);
  EXPECT_EQ(chooseOutput(graph, {Metric::kVectors, "logits", true, {}}).output, 1U);
  try {
    chooseOutput(graph, {{}, "logit", true, {}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the model has no output 'logit'; it has 'features', 'logits'");
  }
}

TEST(OutputChoice, LetsLabelsDecideWhereNoShapeIsKnown) {
  const Graph graph = with("float[N,4] x", "float y");
  EXPECT_EQ(chosen(graph, true).metric, Metric::kError);
}

}  // namespace
}  // namespace quant
