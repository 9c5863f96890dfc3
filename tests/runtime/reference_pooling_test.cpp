#include <limits>

#include "reference_testing.h"

namespace quant::test {
namespace {

using testing::ElementsAre;

constexpr const char* kMicrosoft = "com.microsoft";

TEST(ReferencePooling, CeilModeKeepsALastWindowThatIsCutShort) {
  // Windows [1 2] [3 .]
  EXPECT_THAT(values<float>(Op("MaxPool")
                                .ints("kernel_shape", {2})
                                .ints("strides", {2})
                                .attr("ceil_mode", 1)
                                .input<float>({1, 1, 3}, {1, 2, 3})
                                .run()),
              ElementsAre(2, 3));
}

TEST(ReferencePooling, CeilModeDropsAWindowThatWouldStartInTheEndPadding) {
  // ceil((2 - 1) / 2) + 1 = 2, but the second window would start at 2, behind the input.
  EXPECT_THAT(values<float>(Op("MaxPool")
                                .ints("kernel_shape", {1})
                                .ints("strides", {2})
                                .attr("ceil_mode", 1)
                                .input<float>({1, 1, 2}, {1, 2})
                                .run()),
              ElementsAre(1));
}

TEST(ReferencePooling, AverageCountsPaddingButNotWhatCeilModeAdds) {
  const auto pool = [](std::vector<int64_t> pads) {
    return values<float>(Op("AveragePool")
                             .ints("kernel_shape", {3})
                             .ints("strides", {3})
                             .ints("pads", std::move(pads))
                             .attr("ceil_mode", 1)
                             .attr("count_include_pad", 1)
                             .input<float>({1, 1, 4}, {3, 3, 3, 6})
                             .run());
  };
  EXPECT_THAT(pool({0, 0}), ElementsAre(3, 6));  // [3 3 3] [6 . .]: what hangs over does not count
  EXPECT_THAT(pool({0, 1}), ElementsAre(3, 3));  // [3 3 3] [6 0 .]
}

TEST(ReferencePooling, AverageLeavesPaddingOutByDefault) {
  EXPECT_THAT(
      values<float>(
          Op("AveragePool").ints("kernel_shape", {2}).ints("pads", {1, 1}).input<float>({1, 1, 2}, {4, 8}).run()),
      ElementsAre(4, 6, 8));
}

TEST(ReferencePooling, SamePaddingPutsTheOddElementWhereTheModeSays) {
  const auto pool = [](const char* mode) {
    return values<float>(
        Op("MaxPool").ints("kernel_shape", {2}).text("auto_pad", mode).input<float>({1, 1, 3}, {5, 3, 1}).run());
  };
  EXPECT_THAT(pool("SAME_UPPER"), ElementsAre(5, 3, 1));
  EXPECT_THAT(pool("SAME_LOWER"), ElementsAre(5, 5, 3));
  EXPECT_THAT(pool("VALID"), ElementsAre(5, 3));
}

TEST(ReferencePooling, MaxOfPaddedNegativesIsNotThePadding) {
  EXPECT_THAT(
      values<int8_t>(
          Op("MaxPool").ints("kernel_shape", {2}).ints("pads", {1, 0}).input<int8_t>({1, 1, 2}, {-5, -7}).run()),
      ElementsAre(-5, -5));
}

TEST(ReferencePooling, MaxPoolCountsIndicesThroughTheWholeTensorInEitherOrder) {
  const std::vector<float> x{1, 2, 3, 4, 9, 5, /* second channel */ 9, 1, 1, 1, 1, 1};
  const auto indices = [&](int order) {
    auto outputs =
        Op("MaxPool").ints("kernel_shape", {2, 3}).attr("storage_order", order).input<float>({1, 2, 2, 3}, x).runAll(2);
    return values<int64_t>(outputs[1]);
  };
  EXPECT_THAT(indices(0), ElementsAre(4, 6));  // row 1, column 1 of 2 x 3
  EXPECT_THAT(indices(1), ElementsAre(3, 6));  // 1 + 1 * 2 rows
}

TEST(ReferencePooling, DilatedWindowsSkipElements) {
  EXPECT_THAT(values<float>(Op("AveragePool")
                                .ints("kernel_shape", {2})
                                .ints("dilations", {2})
                                .input<float>({1, 1, 4}, {1, 2, 3, 4})
                                .run()),
              ElementsAre(2, 3));
}

TEST(ReferencePooling, LpPoolTakesTheRootOfPowers) {
  EXPECT_THAT(values<float>(Op("LpPool").ints("kernel_shape", {2}).input<float>({1, 1, 2}, {3, -4}).run()),
              ElementsAre(5));
  EXPECT_THAT(values<float>(Op("GlobalLpPool").attr("p", 1).input<float>({1, 1, 2}, {3, -4}).run()), ElementsAre(7));
}

TEST(ReferencePooling, GlobalAverageAddsUpInDouble) {
  EXPECT_THAT(values<float>(Op("GlobalAveragePool").input<float>({1, 1, 4}, {1e8F, 4, 4, -1e8F}).run()),
              ElementsAre(2));
}

TEST(ReferencePooling, AKernelLargerThanTheInputIsAnErrorThatSaysSo) {
  EXPECT_EQ(Op("MaxPool").ints("kernel_shape", {5}).input<float>({1, 1, 3}, {1, 2, 3}).error(),
            "the kernel of MaxPool, 5 elements with its dilation, does not fit into 3 elements and their padding");
  EXPECT_EQ(Op("MaxPool").ints("kernel_shape", {2}).ints("strides", {0}).input<float>({1, 1, 3}, {1, 2, 3}).error(),
            "attribute 'strides' of MaxPool holds 0");
}

TEST(ReferencePooling, QuantizedAverageRoundsTheMeanHalfToEven) {
  // Means of (x - 10): 2.5 and 3.5 in units of 1 become 2 and 4, plus the zero point 100.
  const auto pool = [](std::vector<uint8_t> x) {
    return values<uint8_t>(Op("QLinearGlobalAveragePool", 1, kMicrosoft)
                               .input<uint8_t>({1, 2, 2}, std::move(x))
                               .scalar(1.0F)
                               .scalar<uint8_t>(10)
                               .scalar(1.0F)
                               .scalar<uint8_t>(100)
                               .run());
  };
  EXPECT_THAT(pool({12, 13, 13, 14}), ElementsAre(102, 104));
}

TEST(ReferencePooling, QuantizedAveragePoolTreatsPaddingAsRealZero) {
  const auto pool = Op("QLinearAveragePool", 1, kMicrosoft)
                        .ints("kernel_shape", {2})
                        .ints("pads", {1, 0})
                        .attr("count_include_pad", 1)
                        .input<int8_t>({1, 1, 2}, {-8, 0})
                        .scalar(0.5F)
                        .scalar<int8_t>(-16)
                        .scalar(0.5F)
                        .scalar<int8_t>(0)
                        .run();
  EXPECT_THAT(values<int8_t>(pool), ElementsAre(4, 12));  // (0 + 4) / 2 and (4 + 8) / 2 in steps of 0.5
}

}  // namespace
}  // namespace quant::test
