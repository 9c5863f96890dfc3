#include "eval/model_runs.h"

#include <gmock/gmock.h>

#include <cmath>

#include "core/error.h"
#include "eval/detector.h"
#include "support/onnx_text.h"
#include "support/two_samples.h"

namespace quant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const test::TwoSamples kSamples({1, 2});  // ones, then minus ones

Graph scaled(const std::string& factors) {
  return test::parseGraph("g (float[1,2] x) => (float[1,2] y) <float[2] w = {" + factors + "}> { y = Mul(x, w) }");
}

TEST(ModelRuns, KeepTheBestClasses) {
  const Graph graph = scaled("1, 2");
  const ModelRuns runs = runModels({{"m", &graph, &kSamples}}, {});
  EXPECT_THAT(runs.models[0].samples[0].best, ElementsAre(1, 0));
  EXPECT_THAT(runs.models[0].samples[1].best, ElementsAre(0, 1));
  EXPECT_EQ(runs.models[0].samples[0].score, 2);
}

TEST(ModelRuns, CompareOutputsWithTheBaseline) {
  const Graph baseline = scaled("1, 2"), other = scaled("1, 3");
  RunOptions options;
  options.baseline = 0;
  const ModelRuns runs = runModels({{"a", &baseline, &kSamples}, {"b", &other, &kSamples}}, options);
  EXPECT_EQ(runs.models[1].samples[0].outputs.at(0).maxError(), 1);
  EXPECT_EQ(runs.models[1].samples[0].outputs.at(0).meanError(), 0.5);
  EXPECT_TRUE(runs.models[0].samples[0].outputs.empty());
}

TEST(ModelRuns, AreTheSameInParts) {
  const Graph baseline = scaled("1, 2"), other = scaled("1, 3");
  RunOptions options;
  options.baseline = 0;
  options.kept_bytes = 1;  // one sample at a time
  const ModelRuns runs = runModels({{"a", &baseline, &kSamples}, {"b", &other, &kSamples}}, options);
  for (const SampleRun& sample : runs.models[1].samples) EXPECT_EQ(sample.outputs.at(0).maxError(), 1);
}

TEST(ModelRuns, MatchOutputsByNameBeforePlace) {
  const Graph baseline = test::parseGraph("g (float[1,2] x) => (float[1,2] a, float[1,2] b) { a = Abs(x) b = Neg(x) }");
  const Graph other = test::parseGraph("g (float[1,2] x) => (float[1,2] b, float[1,2] a) { a = Abs(x) b = Neg(x) }");
  RunOptions options;
  options.metric = Metric::kError;
  options.baseline = 0;
  const ModelRuns runs = runModels({{"a", &baseline, &kSamples}, {"b", &other, &kSamples}}, options);
  for (const Agreement& agreement : runs.models[1].samples[0].outputs) EXPECT_EQ(agreement.maxError(), 0);
}

TEST(ModelRuns, MakeVectorsOfLengthOne) {
  const Graph graph = scaled("3, 4");
  RunOptions options;
  options.metric = Metric::kVectors;
  const ModelRuns runs = runModels({{"m", &graph, &kSamples}}, options);
  EXPECT_THAT(runs.models[0].samples[0].vector, ElementsAre(0.6F, 0.8F));
  EXPECT_EQ(runs.models[0].vectors_of, "'y', normalized");
}

/// One sentence of three tokens; the mask leaves the last one out.
class Sentence final : public Dataset {
 public:
  [[nodiscard]] size_t size() const override { return 1; }
  [[nodiscard]] Sample load(size_t) const override {
    Sample sample{"s", {}, {}};
    sample.inputs.emplace("tokens", Tensor::of<float>({1, 3, 2}, {3, 0, 0, 4, 100, 100}));
    sample.inputs.emplace("attention_mask", Tensor::of<int64_t>({1, 3}, {1, 1, 0}));
    return sample;
  }
  [[nodiscard]] DatasetKind kind() const override { return {}; }
  [[nodiscard]] const std::vector<std::string>& classes() const override { return classes_; }
  [[nodiscard]] std::string description() const override { return "one sentence"; }
  [[nodiscard]] const std::optional<Preprocess>& preprocess() const override { return preprocess_; }

 private:
  std::vector<std::string> classes_;
  std::optional<Preprocess> preprocess_;
};

constexpr const char* kSentenceModel = R"(g (float[1,3,2] tokens, int64[1,3] attention_mask) => (float[1,3,2] y) {
  y = Identity(tokens) })";

TEST(ModelRuns, TakeTheMeanOfASentencesTokensOverTheMask) {
  const Graph graph = test::parseGraph(kSentenceModel);
  const Sentence dataset;
  RunOptions options;
  options.metric = Metric::kVectors;
  const ModelRuns runs = runModels({{"m", &graph, &dataset}}, options);
  EXPECT_THAT(runs.models[0].samples[0].vector, ElementsAre(0.6F, 0.8F));
}

TEST(ModelRuns, NameTheModelWhoseOutputIsNoRowOfScores) {
  const Graph graph = test::parseGraph("g (float[1,2] x) => (float[2,1] y) { y = Transpose(x) }");
  try {
    runModels({{"small.onnx", &graph, &kSamples}}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no row of class scores"));
    EXPECT_THAT(error.what(), HasSubstr("evaluating 'small.onnx'"));
  }
}

TEST(ModelRuns, TakeScoresFromTheOutputThatTheSubjectNames) {
  const Graph graph = test::parseGraph(
      "g (float[1,2] x) => (float[1,2] a, float[1,2] y) <float[2] w = {1, 2}> { a = Abs(x) y = Mul(x, w) }");
  const ModelRuns runs = runModels({{"m", &graph, &kSamples, 1}}, {});
  EXPECT_THAT(runs.models[0].samples[0].best, ElementsAre(1, 0));
}

TEST(ModelRuns, LeaveOutSamplesWithAnotherNumberOfFindings) {
  const Graph baseline = test::detector("0"), other = test::detector("2");
  RunOptions options;
  options.metric = Metric::kError;
  options.baseline = 0;
  const ModelRuns runs = runModels({{"a", &baseline, &kSamples}, {"b", &other, &kSamples}}, options);
  const Agreement& ones = runs.models[1].samples[0].outputs.at(0);
  EXPECT_EQ(ones.otherShapes(), 1);
  EXPECT_EQ(ones.otherShape(), "[1,1] instead of [2,1]");
  EXPECT_TRUE(std::isnan(ones.cosine()));
  EXPECT_EQ(runs.models[1].samples[1].outputs.at(0).otherShapes(), 0);  // both find nothing
}

TEST(ModelRuns, RefuseModelsOfDifferentNetworks) {
  const Graph baseline = scaled("1, 2");
  const Graph other = test::parseGraph("g (float[1,2] x) => (float[1,4] y) { y = Concat<axis = 1>(x, x) }");
  RunOptions options;
  options.baseline = 0;
  EXPECT_THROW(runModels({{"a", &baseline, &kSamples}, {"b", &other, &kSamples}}, options), Error);
}

}  // namespace
}  // namespace quant
