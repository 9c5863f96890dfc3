#include <gtest/gtest.h>

#include <limits>

#include "support/op_runner.h"

namespace quant::test {
namespace {

using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

TEST(Slice, TakesAttributesBeforeOpset10) {
  const Tensor dst = OpRunner("Slice", 9)
                         .attr("starts", Ints{1})
                         .attr("ends", Ints{100})
                         .attr("axes", Ints{-1})
                         .input(counting({2, 3}))
                         .run();
  EXPECT_EQ(dst.shape(), (Shape{2, 2}));
  EXPECT_EQ(valuesOf(dst), (Floats{1, 2, 4, 5}));
}

Tensor slice(Tensor src, int64_t start, int64_t end, int64_t step) {
  return OpRunner("Slice", 13)
      .input(std::move(src))
      .input(ints({start}))
      .input(ints({end}))
      .input(ints({0}))
      .input(ints({step}))
      .run();
}

TEST(Slice, GoesBackwardsToTheFirstElement) {
  constexpr int64_t kBeforeAll = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(valuesOf(slice(counting({5}), -1, kBeforeAll, -2)), (Floats{4, 2, 0}));
}

TEST(Slice, StartsBackwardsAtTheFirstElementWhenItsStartLiesBefore) {
  EXPECT_EQ(valuesOf(slice(counting({6}), -11, -8, -3)), (Floats{0}));
}

TEST(Slice, IsEmptyWhenTheEndComesFirst) { EXPECT_EQ(slice(counting({5}), 3, 1, 1).shape(), (Shape{0})); }

TEST(Slice, TakesAStepLargerThanTheAxis) {
  EXPECT_EQ(valuesOf(slice(counting({5}), 1, 5, std::numeric_limits<int64_t>::max())), (Floats{1}));
}

Tensor pad(Tensor src, const Ints& pads, const char* mode, float value = 0) {
  return OpRunner("Pad", 10)
      .attr("pads", pads)
      .attr("mode", std::string(mode))
      .attr("value", value)
      .input(std::move(src))
      .run();
}

TEST(Pad, SurroundsWithAConstant) {
  const Tensor dst = pad(counting({1, 2}), {1, 0, 0, 1}, "constant", 9);
  EXPECT_EQ(dst.shape(), (Shape{2, 3}));
  EXPECT_EQ(valuesOf(dst), (Floats{9, 9, 9, 0, 1, 9}));
}

TEST(Pad, RemovesWhereAPadIsNegative) {
  EXPECT_EQ(valuesOf(pad(counting({5}), {-2, 1}, "constant", 9)), (Floats{2, 3, 4, 9}));
}

TEST(Pad, MirrorsWithoutRepeatingTheEdge) {
  EXPECT_EQ(valuesOf(pad(counting({3}), {2, 2}, "reflect")), (Floats{2, 1, 0, 1, 2, 1, 0}));
}

TEST(Pad, MirrorsAgainWhereTheBorderIsWiderThanTheTensor) {
  EXPECT_EQ(valuesOf(pad(counting({3}), {0, 5}, "reflect")), (Floats{0, 1, 2, 1, 0, 1, 2, 1}));
}

TEST(Pad, RepeatsTheEdgeInCornersToo) {
  const Tensor dst = pad(counting({2, 2}), {1, 1, 0, 1}, "edge");
  EXPECT_EQ(valuesOf(dst), (Floats{0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3}));
}

TEST(Pad, WrapsAround) {
  const Tensor dst =
      OpRunner("Pad", 19).attr("mode", std::string("wrap")).input(counting({3})).input(ints({1, 4})).run();
  EXPECT_EQ(valuesOf(dst), (Floats{2, 0, 1, 2, 0, 1, 2, 0}));
}

TEST(Pad, AppliesToTheAxesNamed) {
  const Tensor dst = OpRunner("Pad", 18).input(counting({1, 2})).input(ints({1, 0})).absent().input(ints({-1})).run();
  EXPECT_EQ(valuesOf(dst), (Floats{0, 0, 1}));
}

TEST(Pad, SaysHowManyPadsItExpects) {
  EXPECT_EQ(OpRunner("Pad", 13).input(counting({1, 2})).input(ints({1, 0})).refusal(),
            "Pad's pads has 2 elements, expected 4");
}

}  // namespace
}  // namespace quant::test
