#include <cmath>

#include "reference_testing.h"

namespace quant::test {
namespace {

using testing::ElementsAre;
using testing::FloatNear;

TEST(ReferenceNormalization, BatchNormalizationScalesEachChannel) {
  // (x - 1) / sqrt(4) * 6 + 5 and (x - 0) / 1 * 1 + 0
  EXPECT_THAT(values<float>(Op("BatchNormalization", 9)
                                .attr("epsilon", 0.0)
                                .input<float>({1, 2, 2}, {1, 3, 7, 8})
                                .input<float>({2}, {6, 1})
                                .input<float>({2}, {5, 0})
                                .input<float>({2}, {1, 0})
                                .input<float>({2}, {4, 1})
                                .run()),
              ElementsAre(5, 11, 7, 8));
}

TEST(ReferenceNormalization, BatchNormalizationInTrainingUsesAndUpdatesTheBatchsMoments) {
  auto outputs = Op("BatchNormalization", 15)
                     .attr("epsilon", 0.0)
                     .attr("momentum", 0.5)
                     .attr("training_mode", 1)
                     .input<float>({2, 1}, {1, 5})
                     .input<float>({1}, {1})
                     .input<float>({1}, {0})
                     .input<float>({1}, {0})
                     .input<float>({1}, {0})
                     .runAll(3);
  EXPECT_THAT(values<float>(outputs[0]), ElementsAre(-1, 1));  // mean 3, variance 4
  EXPECT_THAT(values<float>(outputs[1]), ElementsAre(1.5F));
  EXPECT_THAT(values<float>(outputs[2]), ElementsAre(2));
}

TEST(ReferenceNormalization, InstanceNormalizationKeepsAVarianceBesideALargeMean) {
  const auto y = values<float>(Op("InstanceNormalization")
                                   .attr("epsilon", 0.0)
                                   .input<float>({1, 1, 2}, {1e6F, 1e6F + 1})
                                   .input<float>({1}, {1})
                                   .input<float>({1}, {0})
                                   .run());
  EXPECT_THAT(y, ElementsAre(-1, 1));
}

TEST(ReferenceNormalization, LrnSumsOverNeighbouringChannels) {
  // size 2 reaches one channel onwards: 1 + 1/2 * (x_c^2 + x_{c+1}^2), power 1
  EXPECT_THAT(values<float>(
                  Op("LRN").attr("size", 2).attr("alpha", 1.0).attr("beta", 1.0).input<float>({1, 2, 1}, {2, 4}).run()),
              ElementsAre(FloatNear(2.0F / 11, 1e-7F), FloatNear(4.0F / 9, 1e-7F)));
}

TEST(ReferenceNormalization, LpNormalizationLeavesZerosAlone) {
  EXPECT_THAT(values<float>(Op("LpNormalization").input<float>({2, 2}, {3, 4, 0, 0}).run()),
              ElementsAre(0.6F, 0.8F, 0, 0));
}

TEST(ReferenceNormalization, LayerNormalizationScalesAfterNormalizing) {
  EXPECT_THAT(values<float>(Op("LayerNormalization")
                                .attr("epsilon", 0.0)
                                .input<float>({1, 2}, {1, 3})
                                .input<float>({2}, {2, 3})
                                .input<float>({2}, {10, 20})
                                .run()),
              ElementsAre(8, 23));
}

TEST(ReferenceNormalization, GroupNormalizationTakesParametersForChannelsOrGroups) {
  const std::vector<float> x{1, 3, 5, 9};
  EXPECT_THAT(values<float>(Op("GroupNormalization", 21)
                                .attr("epsilon", 0.0)
                                .attr("num_groups", 2)
                                .input<float>({1, 4, 1}, x)
                                .input<float>({4}, {1, 2, 3, 4})
                                .input<float>({4}, {0, 0, 0, 0})
                                .run()),
              ElementsAre(-1, 2, -3, 4));
  EXPECT_THAT(values<float>(Op("GroupNormalization", 18)
                                .attr("epsilon", 0.0)
                                .attr("num_groups", 2)
                                .input<float>({1, 4, 1}, x)
                                .input<float>({2}, {1, 2})
                                .input<float>({2}, {0, 7})
                                .run()),
              ElementsAre(-1, 1, 5, 9));
}

TEST(ReferenceNormalization, AParameterOfTheWrongSizeIsNamed) {
  EXPECT_EQ(Op("InstanceNormalization")
                .input<float>({1, 2, 1}, {1, 2})
                .input<float>({3}, {1, 1, 1})
                .input<float>({2}, {0, 0})
                .error(),
            "InstanceNormalization of 2 channels has a parameter of shape [3]");
}

}  // namespace
}  // namespace quant::test
