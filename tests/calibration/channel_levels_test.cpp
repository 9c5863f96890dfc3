#include "calibration/channel_levels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace quant {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ChannelLevels, AreDividedByThroughTheirReciprocals) { EXPECT_THAT(reciprocals({4, 0.5F}), ElementsAre(0.25F, 2)); }

TEST(ChannelLevels, LieAlongTheLastAxis) {
  const Tensor tensor = Tensor::of<float>({2, 1, 2}, {1, 2, 3, 4});
  const Tensor result = multiplyChannels(tensor, {10, 100});
  EXPECT_EQ(result.shape(), (Shape{2, 1, 2}));
  EXPECT_THAT(result.data<float>(), ElementsAre(10, 200, 30, 400));
}

TEST(ChannelLevels, OfAnotherNumberOfChannelsAreRefused) {
  try {
    multiplyChannels(Tensor::of<float>({1, 3}, {1, 2, 3}), {1, 2});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("levels for 2 channels"));
    EXPECT_THAT(error.what(), HasSubstr("[1,3]"));
  }
}

}  // namespace
}  // namespace quant
