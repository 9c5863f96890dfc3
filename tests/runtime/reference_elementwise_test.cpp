#include <cmath>
#include <limits>

#include "reference_testing.h"

namespace quant::test {
namespace {

using testing::ElementsAre;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(ReferenceElementwise, RoundTakesHalvesToEven) {
  EXPECT_THAT(values<float>(Op("Round").input<float>({6}, {0.5F, 1.5F, 2.5F, -0.5F, -1.5F, 2.4F}).run()),
              ElementsAre(0, 2, 2, -0.0F, -2, 2));
}

TEST(ReferenceElementwise, IntegersWrapAround) {
  EXPECT_THAT(values<uint16_t>(Op("Mul").input<uint16_t>({1}, {65535}).input<uint16_t>({1}, {65535}).run()),
              ElementsAre(1));
  EXPECT_THAT(values<int8_t>(Op("Add").input<int8_t>({1}, {127}).input<int8_t>({1}, {1}).run()), ElementsAre(-128));
  EXPECT_THAT(values<int32_t>(Op("Abs").input<int32_t>({1}, {std::numeric_limits<int32_t>::min()}).run()),
              ElementsAre(std::numeric_limits<int32_t>::min()));
}

TEST(ReferenceElementwise, IntegerDivisionGoesTowardsZeroAndSurvivesZeroAndOverflow) {
  constexpr int32_t kLowest = std::numeric_limits<int32_t>::min();
  EXPECT_THAT(
      values<int32_t>(Op("Div").input<int32_t>({4}, {7, -7, 5, kLowest}).input<int32_t>({4}, {2, 2, 0, -1}).run()),
      ElementsAre(3, -3, 0, kLowest));
}

TEST(ReferenceElementwise, ModTakesTheDivisorsSignAndFmodTheDividends) {
  const std::vector<int32_t> x{-4, 7, 5, -5}, y{3, -3, 0, -1};
  EXPECT_THAT(values<int32_t>(Op("Mod").input<int32_t>({4}, x).input<int32_t>({4}, y).run()), ElementsAre(2, -2, 0, 0));
  EXPECT_THAT(values<int32_t>(Op("Mod").attr("fmod", 1).input<int32_t>({4}, x).input<int32_t>({4}, y).run()),
              ElementsAre(-1, 1, 0, 0));
  EXPECT_EQ(Op("Mod").scalar(1.0F).scalar(2.0F).error(), "Mod of floating point numbers needs the attribute fmod = 1");
}

TEST(ReferenceElementwise, ShiftsByTheWholeWidthGiveZero) {
  EXPECT_THAT(
      values<uint8_t>(
          Op("BitShift").text("direction", "LEFT").input<uint8_t>({3}, {1, 3, 1}).input<uint8_t>({3}, {7, 1, 8}).run()),
      ElementsAre(128, 6, 0));
  EXPECT_THAT(
      values<uint32_t>(
          Op("BitShift").text("direction", "RIGHT").input<uint32_t>({2}, {8, 8}).input<uint32_t>({2}, {3, 32}).run()),
      ElementsAre(1, 0));
}

TEST(ReferenceElementwise, PowOfIntegersIsExactAndMixesTypes) {
  EXPECT_THAT(values<int64_t>(Op("Pow").input<int64_t>({3}, {3, 1, 2}).input<int32_t>({3}, {39, -2, -1}).run()),
              ElementsAre(4052555153018976267, 1, 0));  // 3^39 is not a double
  EXPECT_THAT(values<int32_t>(Op("Pow").input<int32_t>({2}, {4, 9}).input<float>({}, {0.5F}).run()), ElementsAre(2, 3));
}

TEST(ReferenceElementwise, NanWinsInMaxAndMinAndPassesRelu) {
  const std::vector<float> x{kNan, 1, 3}, y{2, kNan, 2};
  EXPECT_THAT(values<float>(Op("Max").input<float>({3}, x).input<float>({3}, y).run()),
              ElementsAre(testing::IsNan(), testing::IsNan(), 3));
  EXPECT_THAT(values<float>(Op("Min").input<float>({3}, x).input<float>({3}, y).run()),
              ElementsAre(testing::IsNan(), testing::IsNan(), 2));
  EXPECT_THAT(values<float>(Op("Relu").input<float>({2}, {kNan, -1}).run()), ElementsAre(testing::IsNan(), 0));
}

TEST(ReferenceElementwise, ClipWithLimitsInTheWrongOrderGivesTheUpperOne) {
  EXPECT_THAT(values<float>(Op("Clip").input<float>({3}, {-9, 1, 9}).scalar(2.0F).scalar(-2.0F).run()),
              ElementsAre(-2, -2, -2));
}

TEST(ReferenceElementwise, ClipLeavesOutEitherLimitAndKeepsInfinity) {
  EXPECT_THAT(values<int8_t>(Op("Clip").input<int8_t>({3}, {-9, 1, 9}).absent().scalar<int8_t>(3).run()),
              ElementsAre(-9, 1, 3));
  EXPECT_THAT(values<float>(Op("Clip").input<float>({2}, {kInfinity, -3}).scalar(0.0F).run()),
              ElementsAre(kInfinity, 0));
}

TEST(ReferenceElementwise, ClipBeforeOpset11ReadsAttributes) {
  EXPECT_THAT(values<float>(Op("Clip", 9).attr("max", 6.0).attr("min", 0.0).input<float>({3}, {-1, 3, 7}).run()),
              ElementsAre(0, 3, 6));
}

TEST(ReferenceElementwise, SixteenBitFloatsAreComputedInFloatAndRoundedOnce) {
  // 2048 + 1 lies half way between two float16 numbers; the even one is 2048.
  const auto half = [](float x) { return Float16(x); };
  EXPECT_THAT(
      values<Float16>(
          Op("Add").input<Float16>({2}, {half(2048), half(2048)}).input<Float16>({2}, {half(1), half(3)}).run()),
      ElementsAre(half(2048), half(2052)));
}

TEST(ReferenceElementwise, SumAddsManyInputsInDouble) {
  EXPECT_THAT(values<float>(Op("Sum").scalar(1e8F).scalar(1.0F).input<float>({2}, {-1e8F, 0}).run()),
              ElementsAre(1, 1e8F + 1));
}

TEST(ReferenceElementwise, MeanBroadcasts) {
  EXPECT_THAT(values<float>(Op("Mean").input<float>({2, 1}, {1, 2}).input<float>({2}, {3, 5}).run()),
              ElementsAre(2, 3, 2.5F, 3.5F));
}

TEST(ReferenceElementwise, PreluSlopesAreForChannelsBeforeOpset7AndBroadcastSince) {
  const std::vector<float> x{-1, -1, -1, -1, -1, -1}, slopes{2, 3};
  EXPECT_THAT(values<float>(Op("PRelu", 6).input<float>({1, 2, 3}, x).input<float>({2}, slopes).run()),
              ElementsAre(-2, -2, -2, -3, -3, -3));
  EXPECT_THAT(values<float>(Op("PRelu", 9).input<float>({1, 3, 2}, x).input<float>({2}, slopes).run()),
              ElementsAre(-2, -3, -2, -3, -2, -3));
  EXPECT_EQ(Op("PRelu", 9).input<float>({1, 2, 3}, x).input<float>({2}, slopes).error(),
            "shapes [1,2,3] and [2] cannot be broadcast together");
}

TEST(ReferenceElementwise, IsInfLooksForTheSignsItIsAskedFor) {
  const std::vector<float> x{kInfinity, -kInfinity, kNan, 1};
  EXPECT_THAT(values<bool>(Op("IsInf").input<float>({4}, x).run()), ElementsAre(true, true, false, false));
  EXPECT_THAT(values<bool>(Op("IsInf").attr("detect_negative", 0).input<float>({4}, x).run()),
              ElementsAre(true, false, false, false));
}

TEST(ReferenceElementwise, ActivationsStayFiniteFarFromZero) {
  const std::vector<float> x{-1000, 1000};
  EXPECT_THAT(values<float>(Op("Sigmoid").input<float>({2}, x).run()), ElementsAre(0, 1));
  EXPECT_THAT(values<float>(Op("Softplus").input<float>({2}, x).run()), ElementsAre(0, 1000));
  EXPECT_THAT(values<float>(Op("Mish").input<float>({2}, x).run()), ElementsAre(-0.0F, 1000));
  EXPECT_THAT(values<float>(Op("Gelu").input<float>({2}, x).run()), ElementsAre(-0.0F, 1000));
}

TEST(ReferenceElementwise, ChannelsLastTensorsAreTakenAsTheyLie) {
  Op op("Add");
  const Tensor plain = Tensor::of<float>({1, 2, 1, 3}, {1, 2, 3, 4, 5, 6});
  op.input(convertLayout(plain, Layout::kChannelsLast)).input(plain.clone());
  EXPECT_THAT(values<float>(op.run()), ElementsAre(2, 4, 6, 8, 10, 12));
}

TEST(ReferenceElementwise, InputsOfDifferentTypesAreNamed) {
  EXPECT_EQ(Op("Add").scalar(1.0F).scalar<int32_t>(1).error(),
            "input 1 of Add has elements of type int32; they should be float");
  EXPECT_EQ(Op("Max").scalar(1.0F).scalar(1.0F).scalar(1.0).error(),
            "input 2 of Max has elements of type double; they should be float");
  EXPECT_EQ(Op("Clip").scalar(1.0F).absent().scalar<int32_t>(1).error(),
            "input 2 of Clip has elements of type int32; they should be float");
}

TEST(ReferenceElementwise, AnUnsupportedTypeIsNamed) {
  EXPECT_EQ(Op("Sin").scalar<int32_t>(1).error(), "operator Sin does not run on element type int32");
}

}  // namespace
}  // namespace quant::test
