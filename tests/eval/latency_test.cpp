#include "eval/latency.h"

#include <gmock/gmock.h>

#include "support/onnx_text.h"
#include "support/two_samples.h"

namespace quant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SummarizeTimes, GivesRanksMeanAndStandardDeviation) {
  const BatchLatency latency = summarizeTimes(8, {4, 1, 3, 2});
  EXPECT_EQ(latency.p50, 2);
  EXPECT_EQ(latency.p90, 4);
  EXPECT_EQ(latency.mean, 2.5);
  EXPECT_EQ(latency.min, 1);
  EXPECT_EQ(latency.max, 4);
  EXPECT_NEAR(latency.spread, 1.290994, 1e-6);  // sqrt((1.5^2 + 1.5^2 + 0.5^2 + 0.5^2) / 3)
  EXPECT_EQ(latency.throughput, 4000);          // 8 samples in 2 ms
}

TEST(MeasureLatency, RunsBatchesOfEachSize) {
  const Graph graph = test::parseGraph("g (float[N,2] x) => (float[N,2] y) { y = Relu(x) }");
  const test::TwoSamples samples({1, 2});
  LatencyOptions options;
  options.batch_sizes = {1, 3};
  options.runs = 4;
  const auto result = measureLatency({{"m", &graph, &samples}}, options).front();
  ASSERT_EQ(result.batches.size(), 2);
  EXPECT_EQ(result.batches[1].batch, 3);
  EXPECT_EQ(result.batches[1].runs, 4);
  EXPECT_TRUE(result.refusals.empty());
}

TEST(MeasureLatency, TimesEachOfSeveralModelsAsOftenAsAsked) {
  const Graph graph = test::parseGraph("g (float[1,2] x) => (float[1,2] y) { y = Relu(x) }");
  const test::TwoSamples samples({1, 2});
  LatencyOptions options;
  options.runs = 23;  // turns of 10, 10 and 3
  int64_t done = 0, total = 0;
  options.progress = [&](int64_t now, int64_t all) { done = now, total = all; };
  for (const ModelLatency& model : measureLatency({{"a", &graph, &samples}, {"b", &graph, &samples}}, options)) {
    EXPECT_EQ(model.batches.at(0).runs, 23);
  }
  EXPECT_EQ(done, 23);
  EXPECT_EQ(total, 23);
}

TEST(MeasureLatency, SaysWhyAModelRefusesABatchSize) {
  const Graph graph = test::parseGraph("g (float[1,2] x) => (float[1,2] y) { y = Relu(x) }");
  const test::TwoSamples samples({1, 2});
  LatencyOptions options;
  options.batch_sizes = {1, 8};
  options.runs = 1;
  const auto result = measureLatency({{"m", &graph, &samples}}, options).front();
  EXPECT_EQ(result.batches.size(), 1);
  EXPECT_THAT(result.refusals, ElementsAre(HasSubstr("the first axis of input 'x' is fixed at 1")));
}

TEST(Latency, SlowModelsAreTimedInFewerRunsButInFive) {
  EXPECT_EQ(runsWithin(2, 10, 50), 50);
  EXPECT_EQ(runsWithin(2, 100, 50), 20);
  EXPECT_EQ(runsWithin(2, 10'000, 50), 5);
  EXPECT_EQ(runsWithin(2, 10'000, 3), 3);
  EXPECT_EQ(runsWithin(std::numeric_limits<double>::infinity(), 10'000, 50), 50);
}

}  // namespace
}  // namespace quant
