#include "calibration/collect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "core/error.h"
#include "runtime/executor.h"
#include "support/message_of.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::messageOf;
using test::parseGraph;
using ::testing::ElementsAre;

/// Everything of which results may depend on the batch or the threads: a convolution, a reduction, a matrix product.
Graph network() {
  return parseGraph(R"(g (float[N,1,9,9] x) => (float[N,3] y)
      <float[2,1,3,3] w = {0.3, -0.1, 0.7, 0.2, 0.9, -0.4, 0.1, 0.6, -0.8, -0.5, 0.4, 0.2, -0.7, 0.3, 0.5, 0.1, -0.2, 0.6},
       float[2] b = {0.1, -0.2}, float[2,3] v = {0.3, 0.7, -1.1, 0.9, -0.6, 0.2}> {
        c = Conv<pads = [1, 1, 1, 1]>(x, w, b)
        r = Relu(c)
        p = GlobalAveragePool(r)
        f = Flatten(p)
        y = MatMul(f, v)
      })");
}

const std::vector<std::string> kWatched = {"x", "c", "r", "f", "y"};

Tensor randomTensor(const Shape& shape, size_t seed) {
  std::mt19937 random(static_cast<uint32_t>(seed));
  Tensor tensor(DataType::kFloat32, shape);
  for (float& value : tensor.data<float>()) value = std::normal_distribution<float>()(random);
  return tensor;
}

Sample sampleOf(std::string name, Tensor tensor) {
  Sample sample{std::move(name), {}, {}};
  sample.inputs.emplace("x", std::move(tensor));
  return sample;
}

/// Samples that are drawn from their index.
SampleSource randomSamples(size_t count) {
  return {count, [](size_t index) { return sampleOf(std::to_string(index), randomTensor({1, 1, 9, 9}, index)); }};
}

/// Samples of shape [1], with these values.
SampleSource samplesOf(std::vector<float> values) {
  return {values.size(),
          [values](size_t index) { return sampleOf(std::to_string(index), Tensor::of<float>({1}, {values[index]})); }};
}

TEST(CollectStatistics, SeesAValueWithLevelsAsItIsOnceDivided) {
  const Graph graph = parseGraph("g (float[N,2] x) => (float[N,2] y) { y = Neg(x) }");
  const SampleSource samples{1, [](size_t) { return sampleOf("s", Tensor::of<float>({2, 2}, {1, 8, -2, 4})); }};
  CollectOptions options;
  options.levels = {{"y", {2, 4}}};
  options.channel_axes = {{"y", -1}};
  const StatisticsTable table = collectStatistics(graph, {"x", "y"}, samples, options);
  EXPECT_EQ(table.at("x").summary().max, 8);
  EXPECT_EQ(table.at("y").summary().min, -2);  // -8 / 4
  EXPECT_EQ(table.at("y").summary().max, 1);   // 2 / 2
  EXPECT_THAT(table.at("y").channelMeans()->means(), ElementsAre(0.25F, -1.5F));
}

TEST(CollectStatistics, SeesEveryElementOfEverySample) {
  const Graph graph = network();
  const auto collected = collectStatistics(graph, kWatched, randomSamples(10));
  StatisticsTable expected;
  for (const std::string& value : kWatched) expected.emplace(value, TensorStatistics::Detail::kHistogram);
  Executor executor(graph, {Backend::kOneDnn, {kWatched.begin(), kWatched.end()}});
  for (size_t i = 0; i < 10; ++i) {
    executor.run(sampleOf("", randomTensor({1, 1, 9, 9}, i)).inputs,
                 [&](const std::string& value, const Tensor& tensor) { expected.at(value).observe(tensor); });
  }
  EXPECT_EQ(collected.size(), kWatched.size());
  EXPECT_EQ(collected.at("r").summary().elements, 10 * 2 * 9 * 9);
  EXPECT_EQ(collected.at("x"), expected.at("x"));
  // The rest may differ in the last bits: that run used all threads.
  for (const std::string& value : kWatched) {
    EXPECT_EQ(collected.at(value).summary().elements, expected.at(value).summary().elements);
    EXPECT_FLOAT_EQ(collected.at(value).summary().max, expected.at(value).summary().max);
  }
}

TEST(CollectStatistics, IsTheSameForAnyNumberOfThreads) {
  const Graph graph = network();
  CollectOptions options;
  options.threads = 1;
  const auto expected = collectStatistics(graph, kWatched, randomSamples(23), options);
  for (const int threads : {0, 2, 3, 8}) {
    options.threads = threads;
    EXPECT_EQ(collectStatistics(graph, kWatched, randomSamples(23), options), expected) << threads << " threads";
  }
}

TEST(CollectStatistics, IsTheSameForAnyOrderOfSamples) {
  const Graph graph = network();
  const SampleSource samples = randomSamples(17);
  const auto expected = collectStatistics(graph, kWatched, samples);
  std::vector<size_t> order(samples.count);
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937 random(1);
  for (int i = 0; i < 3; ++i) {
    std::shuffle(order.begin(), order.end(), random);
    const SampleSource shuffled{samples.count, [&](size_t index) { return samples.load(order[index]); }};
    EXPECT_EQ(collectStatistics(graph, kWatched, shuffled), expected);
  }
}

TEST(CollectStatistics, GathersHistogramsOnlyWhenAskedFor) {
  CollectOptions options;
  options.detail = TensorStatistics::Detail::kSummary;
  EXPECT_FALSE(collectStatistics(network(), {"y"}, randomSamples(2), options).at("y").hasHistogram());
  EXPECT_TRUE(collectStatistics(network(), {"y"}, randomSamples(2)).at("y").hasHistogram());
}

TEST(CollectStatistics, GathersMeansOfChannelsTheSameForAnyNumberOfThreads) {
  const Graph graph = network();
  CollectOptions options;
  options.channel_axes = {{"x", 1}, {"r", 1}};
  options.threads = 1;
  const auto expected = collectStatistics(graph, kWatched, randomSamples(23), options);
  EXPECT_EQ(expected.at("r").channelMeans()->means().size(), 2);
  EXPECT_FALSE(expected.at("c").channelMeans().has_value());
  options.threads = 3;
  EXPECT_EQ(collectStatistics(graph, kWatched, randomSamples(23), options), expected);
}

TEST(CollectStatistics, LooksAtConstantsOnce) {
  const Graph graph = parseGraph("g (float[1] x) => (float[2] y) <float[2] k = {-3, 0}> { y = Add(x, k) }");
  const auto collected = collectStatistics(graph, {"k", "y"}, samplesOf({1, 2, 3}));
  EXPECT_EQ(collected.at("k").summary(), (Summary{2, 1, 0, -3, 0}));
  EXPECT_EQ(collected.at("y").summary(), (Summary{6, 1, 0, -2, 3}));
}

TEST(CollectStatistics, OfNoSampleIsEmpty) {
  const auto collected = collectStatistics(network(), {"y"}, {0, nullptr});
  EXPECT_EQ(collected.at("y").summary(), Summary{});
}

TEST(CollectStatistics, HandsOverTheOutputsOfEverySample) {
  const Graph graph = network();
  std::vector<std::vector<Tensor>> outputs(5);
  CollectOptions options;
  options.take_outputs = [&](size_t index, std::vector<Tensor> values) { outputs[index] = std::move(values); };
  (void)collectStatistics(graph, kWatched, randomSamples(outputs.size()), options);
  Executor executor(graph, {Backend::kOneDnn, {kWatched.begin(), kWatched.end()}});
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto expected = executor.run(sampleOf("", randomTensor({1, 1, 9, 9}, i)).inputs);
    ASSERT_EQ(outputs[i].size(), 1U);
    EXPECT_TRUE(std::ranges::equal(outputs[i][0].data<float>(), expected[0].data<float>())) << "sample " << i;
  }
}

TEST(CollectStatistics, HandsOverNothingWhereARunIsMoreThanASample) {
  const Graph graph = parseGraph("g (float[2,1] x) => (float[2,1] y) { y = Relu(x) }");
  CollectOptions options;
  options.take_outputs = [](size_t index, const std::vector<Tensor>&) { ADD_FAILURE() << "sample " << index; };
  const SampleSource samples{4, [](size_t index) {
                               return sampleOf("", Tensor::of<float>({1, 1}, {static_cast<float>(index)}));
                             }};
  (void)collectStatistics(graph, {"y"}, samples, options);
}

TEST(CollectStatistics, FillsTheBatchThatTheFileFixes) {
  const Graph graph = parseGraph("g (float[3] x) => (float[3] y) { y = Neg(x) }");
  // Runs (1, 2, 4) and (8, 16, 1): the first sample fills the last batch up, and counts twice.
  const auto collected = collectStatistics(graph, {"y"}, samplesOf({1, 2, 4, 8, 16}));
  EXPECT_EQ(collected.at("y").summary(), (Summary{6, 0, 0, -16, -1}));
  const Bins bins = collected.at("y").histogram().magnitudeBins();
  std::vector<int64_t> filled;
  std::ranges::copy_if(bins.counts, std::back_inserter(filled), [](int64_t count) { return count > 0; });
  EXPECT_THAT(filled, ElementsAre(2, 1, 1, 1, 1));
}

TEST(CollectStatistics, FillsABatchWithFewerSamplesThanItHolds) {
  const Graph graph = parseGraph("g (float[4] x) => (float[4] y) { y = Neg(x) }");
  EXPECT_EQ(collectStatistics(graph, {"y"}, samplesOf({5})).at("y").summary(), (Summary{4, 0, 0, -5, -5}));
}

TEST(CollectStatistics, RunsSamplesThatHoldAWholeBatchOneByOne) {
  const Graph graph = parseGraph("g (float[2] x) => (float[2] y) { y = Neg(x) }");
  const SampleSource samples{3, [](size_t i) {
                               return sampleOf("", Tensor::of<float>({2}, {static_cast<float>(i), 9}));
                             }};
  EXPECT_EQ(collectStatistics(graph, {"y"}, samples).at("y").summary(), (Summary{6, 1, 0, -9, 0}));
}

TEST(CollectStatistics, RefusesToStackSamplesThatDiffer) {
  const Graph graph = parseGraph("g (float[2,N] x) => (float[2,N] y) { y = Neg(x) }");
  const SampleSource samples{2, [](size_t i) {
                               const auto size = static_cast<int64_t>(3 + i);
                               return sampleOf(std::to_string(i) + ".npy", randomTensor({1, size}, i));
                             }};
  const std::string message = messageOf([&] { (void)collectStatistics(graph, {"y"}, samples); });
  for (const char* part : {"0.npy", "[1,3]", "1.npy", "[1,4]"}) EXPECT_THAT(message, testing::HasSubstr(part));
}

TEST(CollectStatistics, TakesInputsWithoutABatchFromTheFirstSampleOfARun) {
  const Graph graph = parseGraph("g (float[2] x, float[1] shift) => (float[2] y) { y = Add(x, shift) }");
  const SampleSource samples{2, [](size_t i) {
                               const auto value = static_cast<float>(i);
                               Sample sample = sampleOf("", Tensor::of<float>({1}, {value}));
                               sample.inputs.emplace("shift", Tensor::of<float>({1}, {10 + value}));
                               return sample;
                             }};
  EXPECT_EQ(collectStatistics(graph, {"y"}, samples).at("y").summary(), (Summary{2, 0, 0, 10, 11}));
}

TEST(CollectStatistics, NamesTheSampleThatDoesNotRun) {
  SampleSource samples = randomSamples(3);
  samples.load = [](size_t i) {
    return sampleOf(std::to_string(i) + ".png", randomTensor({1, i == 1 ? 2 : 1, 9, 9}, i));
  };
  EXPECT_THAT(messageOf([&] { (void)collectStatistics(network(), {"y"}, samples); }),
              testing::EndsWith("while calibrating with '1.png'"));
}

TEST(CollectStatistics, ReportsTheFirstSampleThatFails) {
  SampleSource samples = randomSamples(40);
  samples.load = [load = samples.load](size_t index) {
    if (index == 11 || index == 12 || index == 30) throwBadInput("picture {} is broken", index);
    return load(index);
  };
  for (const int threads : {1, 2, 4}) {
    CollectOptions options;
    options.threads = threads;
    EXPECT_EQ(messageOf([&] { (void)collectStatistics(network(), {"y"}, samples, options); }), "picture 11 is broken");
  }
}

TEST(CollectStatistics, PassesOnWhatTheModelCannotRun) {
  const Graph graph = parseGraph("g (float[1] x) => (float[1] y) { y = com.microsoft.Unheard(x) }");
  EXPECT_THAT(messageOf([&] { (void)collectStatistics(graph, {"y"}, samplesOf({1})); }),
              testing::HasSubstr("com.microsoft.Unheard"));
}

TEST(CollectStatistics, KnowsWhatItIsToWatch) {
  EXPECT_THAT(messageOf([&] { (void)collectStatistics(network(), {"nothing"}, randomSamples(1)); }),
              testing::HasSubstr("value 'nothing' is to be calibrated, but the graph does not have it"));
}

TEST(CollectStatistics, CountsNonFiniteElementsAndLeavesThemOut) {
  const Graph graph = parseGraph("g (float[1] x) => (float[1] y) { y = Reciprocal(x) }");
  const auto collected = collectStatistics(graph, {"y"}, samplesOf({0, 2, -4, 0}));
  EXPECT_EQ(collected.at("y").summary(), (Summary{4, 0, 2, -0.25F, 0.5F}));
}

TEST(CollectStatistics, TellsItsProgressInSamples) {
  const Graph graph = parseGraph("g (float[3] x) => (float[3] y) { y = Neg(x) }");
  CollectOptions options;
  std::vector<int64_t> reports;
  options.progress = [&](int64_t done, int64_t total) {
    EXPECT_EQ(total, 5);
    reports.push_back(done);
  };
  (void)collectStatistics(graph, {"y"}, samplesOf({1, 2, 4, 8, 16}), options);
  ASSERT_FALSE(reports.empty());
  EXPECT_EQ(reports.back(), 5);
}

}  // namespace
}  // namespace quant
