#include "eval/summarize.h"

#include <gmock/gmock.h>

namespace quant {
namespace {

using ::testing::ElementsAre;

/// A model that gives each sample these classes, best first.
ModelRun classesOf(const std::vector<std::vector<int64_t>>& best) {
  ModelRun run;
  for (const auto& classes : best) {
    run.samples.emplace_back();
    run.samples.back().best = classes;
  }
  return run;
}

ModelRun vectorsOf(const std::vector<std::vector<float>>& vectors) {
  ModelRun run;
  for (const auto& vector : vectors) {
    run.samples.emplace_back();
    run.samples.back().vector = vector;
  }
  return run;
}

const std::vector<SampleInfo> kSamples = {{"a", 0}, {"b", 1}, {"c", 1}, {"d", std::nullopt}};

TEST(AccuracyOf, CountsLabelledSamplesByClass) {
  const AccuracyResult result = accuracyOf(kSamples, classesOf({{0, 1}, {0, 1}, {1, 0}, {1, 0}}), {"cat", "dog"});
  EXPECT_EQ(result.samples, 3);
  EXPECT_EQ(result.top1, 2);
  EXPECT_EQ(result.top5, 3);
  ASSERT_EQ(result.classes.size(), 2);
  EXPECT_EQ(result.classes[1].name, "dog");
  EXPECT_EQ(result.classes[1].samples, 2);
  EXPECT_EQ(result.classes[1].top1, 1);
}

TEST(DropOf, IsPairedByTheSamples) {
  const auto drop = dropOf(kSamples, classesOf({{0}, {1}, {0}, {0}}), classesOf({{1}, {0}, {1}, {0}}));
  EXPECT_EQ(drop.lost, 2);
  EXPECT_EQ(drop.gained, 1);
  EXPECT_DOUBLE_EQ(drop.top1, 100.0 / 3);
  EXPECT_LT(drop.top1_interval.low, 0);
  EXPECT_FALSE(drop.isSignificant());
}

TEST(SameTop1, CountsAllSamples) {
  EXPECT_EQ(sameTop1(classesOf({{0}, {1}, {0}, {0}}), classesOf({{0}, {1}, {0}, {1}})), 75);
}

TEST(NearestNeighbours, AreOtherSamplesAndTheFirstOfEqualOnes) {
  EXPECT_THAT(nearestNeighbours(vectorsOf({{1, 0}, {0.8F, 0.6F}, {0, 1}, {0, 1}})), ElementsAre(1, 0, 3, 2));
}

TEST(VectorAgreement, NamesTheWorstSampleAndCountsNeighbours) {
  const ModelRun baseline = vectorsOf({{1, 0}, {1, 0}, {0, 1}, {0, 1}});
  const ModelRun other = vectorsOf({{1, 0}, {1, 0}, {0.6F, 0.8F}, {0, 1}});
  const auto agreement = vectorAgreement(kSamples, baseline, other, {1, 0, 3, 2}, {1, 0, 3, 1});
  EXPECT_NEAR(agreement.cosine_min, 0.8, 1e-6);
  EXPECT_NEAR(agreement.cosine_mean, 0.95, 1e-6);
  EXPECT_EQ(agreement.worst_sample, "c");
  EXPECT_EQ(agreement.same_neighbour, 75);
}

TEST(VectorAgreement, SaysNothingOfNeighboursThatWereNotLookedFor) {
  const ModelRun run = vectorsOf({{1, 0}, {1, 0}, {0, 1}, {0, 1}});
  EXPECT_FALSE(vectorAgreement(kSamples, run, run, {}, {}).same_neighbour);
}

TEST(OutputErrors, AreNoNumbersWhereEverySampleHasAnotherShape) {
  ModelRun run;
  run.outputs = {"boxes"};
  run.samples.resize(2);
  for (SampleRun& sample : run.samples) sample.outputs.emplace_back().addOtherShape({8, 4}, {7, 4});
  const auto errors = outputErrors(run);
  ASSERT_EQ(errors.size(), 1);
  EXPECT_EQ(errors[0].other_shapes, 2);
  EXPECT_EQ(errors[0].other_shape, "[7,4] instead of [8,4]");
  EXPECT_TRUE(std::isnan(errors[0].sqnr) && std::isnan(errors[0].cosine) && std::isnan(errors[0].max_error));
}

}  // namespace
}  // namespace quant
