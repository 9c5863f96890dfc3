#include <limits>

#include "reference_testing.h"

namespace quant::test {
namespace {

using testing::ElementsAre;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(ReferenceReductions, AddUpFloatsInDouble) {
  EXPECT_THAT(values<float>(Op("ReduceSum").input<float>({4}, {1e8F, 1, 1, -1e8F}).run()), ElementsAre(2));
}

TEST(ReferenceReductions, ReduceAxesThatAreNotNeighbours) {
  // x[i][j][k] = 100 i + 10 j + k
  const std::vector<int32_t> x{0, 1, 10, 11, 100, 101, 110, 111};
  const Tensor sum =
      Op("ReduceSum").attr("keepdims", 0).input<int32_t>({2, 2, 2}, x).input<int64_t>({2}, {0, -1}).run();
  EXPECT_EQ(sum.shape(), (Shape{2}));
  EXPECT_THAT(values<int32_t>(sum), ElementsAre(202, 242));
}

TEST(ReferenceReductions, ReadAxesFromTheAttributeOfOldVersions) {
  const Tensor mean = Op("ReduceMean", 11).ints("axes", {1}).input<float>({2, 2}, {1, 3, 5, 7}).run();
  EXPECT_EQ(mean.shape(), (Shape{2, 1}));
  EXPECT_THAT(values<float>(mean), ElementsAre(2, 6));
}

TEST(ReferenceReductions, NoAxesMeanAllUnlessTheNodeSaysNone) {
  EXPECT_THAT(values<float>(Op("ReduceMax").input<float>({3}, {1, 5, 3}).run()), ElementsAre(5));
  EXPECT_THAT(values<float>(Op("ReduceMax").attr("noop_with_empty_axes", 1).input<float>({3}, {1, 5, 3}).run()),
              ElementsAre(1, 5, 3));
}

TEST(ReferenceReductions, OfNothingGiveTheNeutralElement) {
  const auto of_nothing = [](const char* op) {
    return values<float>(Op(op).input<float>({2, 0}, {}).input<int64_t>({1}, {1}).run());
  };
  EXPECT_THAT(of_nothing("ReduceSum"), ElementsAre(0, 0));
  EXPECT_THAT(of_nothing("ReduceProd"), ElementsAre(1, 1));
  EXPECT_THAT(of_nothing("ReduceMax"), ElementsAre(-kInfinity, -kInfinity));
  EXPECT_THAT(of_nothing("ReduceMin"), ElementsAre(kInfinity, kInfinity));
  EXPECT_THAT(of_nothing("ReduceLogSumExp"), ElementsAre(-kInfinity, -kInfinity));
}

TEST(ReferenceReductions, LogSumExpDoesNotOverflow) {
  EXPECT_NEAR(values<float>(Op("ReduceLogSumExp").input<float>({2}, {1000, 1000}).run())[0], 1000.6931, 1e-4);
}

TEST(ReferenceReductions, MaxOfBoolIsOr) {
  EXPECT_THAT(
      values<bool>(
          Op("ReduceMax").input(Tensor::of<bool>({2, 2}, {false, true, false, false})).input<int64_t>({1}, {1}).run()),
      ElementsAre(true, false));
}

TEST(ReferenceReductions, ArgMaxTakesTheFirstOrTheLastOfEquals) {
  const std::vector<int32_t> x{3, 7, 7, 1};
  EXPECT_THAT(values<int64_t>(Op("ArgMax").input<int32_t>({4}, x).run()), ElementsAre(1));
  EXPECT_THAT(values<int64_t>(Op("ArgMax").attr("select_last_index", 1).input<int32_t>({4}, x).run()), ElementsAre(2));
  EXPECT_THAT(
      values<int64_t>(Op("ArgMin").attr("axis", -1).attr("keepdims", 0).input<int32_t>({2, 2}, {4, 2, 1, 1}).run()),
      ElementsAre(1, 0));
}

TEST(ReferenceReductions, CumSumCountsExclusivelyAndBackwards) {
  const std::vector<int32_t> x{1, 2, 3};
  EXPECT_THAT(values<int32_t>(Op("CumSum").input<int32_t>({3}, x).scalar<int64_t>(0).run()), ElementsAre(1, 3, 6));
  EXPECT_THAT(values<int32_t>(
                  Op("CumSum").attr("exclusive", 1).attr("reverse", 1).input<int32_t>({3}, x).scalar<int32_t>(0).run()),
              ElementsAre(5, 3, 0));
}

TEST(ReferenceSoftmax, BeforeOpset13RunsOverAllAxesFromTheGivenOneOn) {
  EXPECT_THAT(values<float>(Op("Softmax", 11).attr("axis", 1).input<float>({1, 2, 2}, {0, 0, 0, 0}).run()),
              ElementsAre(0.25F, 0.25F, 0.25F, 0.25F));
  EXPECT_THAT(values<float>(Op("Softmax", 11).input<float>({2, 2}, {0, 0, 0, 0}).run()),
              ElementsAre(0.5F, 0.5F, 0.5F, 0.5F));
}

TEST(ReferenceSoftmax, SinceOpset13RunsAlongOneAxis) {
  // Along axis 1 each pair holds x and x + ln 3: shares 1/4 and 3/4.
  const float ln3 = 1.0986123F;
  const auto shares = values<float>(Op("Softmax", 13).attr("axis", 1).input<float>({1, 2, 2}, {0, 5, ln3, 5}).run());
  EXPECT_FLOAT_EQ(shares[0], 0.25F);
  EXPECT_FLOAT_EQ(shares[1], 0.5F);
  EXPECT_FLOAT_EQ(shares[2], 0.75F);
}

TEST(ReferenceSoftmax, StaysFiniteForLargeNumbers) {
  EXPECT_THAT(values<float>(Op("Softmax").input<float>({3}, {1e30F, 1e30F, -1e30F}).run()), ElementsAre(0.5F, 0.5F, 0));
  EXPECT_THAT(values<float>(Op("LogSoftmax").input<float>({2}, {1000, 0}).run()), ElementsAre(0, -1000));
}

TEST(ReferenceSoftmax, HardmaxMarksTheFirstOfEquals) {
  EXPECT_THAT(values<float>(Op("Hardmax").input<float>({1, 3}, {2, 5, 5}).run()), ElementsAre(0, 1, 0));
}

}  // namespace
}  // namespace quant::test
