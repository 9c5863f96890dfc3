#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/op_runner.h"

namespace quant::test {
namespace {

using Floats = std::vector<float>;
using testing::ElementsAre;
using testing::FloatEq;
using testing::Pointwise;

Tensor floats(std::initializer_list<float> values) {
  return Tensor::of<float>({static_cast<int64_t>(values.size())}, values);
}

/// Resizes [1, 1, n] to [1, 1, size].
OpRunner resizeLine(const char* mode, const char* coordinates, Tensor line, int64_t size) {
  Shape shape{1, 1, line.elementCount()};
  OpRunner runner("Resize", 19);
  runner.attr("mode", std::string(mode)).attr("coordinate_transformation_mode", std::string(coordinates));
  runner.input(line.alias(std::move(shape))).absent().absent().input(ints({1, 1, size}));
  return runner;
}

TEST(Resize, InterpolatesBetweenPixelCentres) {
  // Centres of 4 pixels over 2: -0.25, 0.25, 0.75, 1.25.
  EXPECT_EQ(valuesOf(resizeLine("linear", "half_pixel", floats({0, 4}), 4).run()), (Floats{0, 1, 3, 4}));
}

TEST(Resize, KeepsTheCornersWhenTheyAreAligned) {
  EXPECT_EQ(valuesOf(resizeLine("linear", "align_corners", floats({0, 4}), 5).run()), (Floats{0, 1, 2, 3, 4}));
}

TEST(Resize, TakesThePixelBeforeInAsymmetricFloor) {
  auto runner = resizeLine("nearest", "asymmetric", floats({1, 2}), 5);
  EXPECT_EQ(valuesOf(runner.attr("nearest_mode", std::string("floor")).run()), (Floats{1, 1, 1, 2, 2}));
}

TEST(Resize, HasNoShiftForTensorflowsNearest) {
  auto runner = resizeLine("nearest", "tf_half_pixel_for_nn", floats({1, 2, 3, 4}), 2);
  EXPECT_EQ(valuesOf(runner.attr("nearest_mode", std::string("floor")).run()), (Floats{2, 4}));
}

TEST(Resize, PutsPytorchsSinglePixelAtTheFirstOne) {
  EXPECT_EQ(valuesOf(resizeLine("cubic", "pytorch_half_pixel", floats({5, 7, 9}), 1).run()), (Floats{5}));
}

TEST(Resize, UsesKeysCubicKernel) {
  // Half way between two pixels the weights are -3/32, 19/32, 19/32, -3/32 for a = -0.75; the border repeats.
  const Tensor dst = resizeLine("cubic", "half_pixel", floats({0, 32, 64, 32}), 2).run();
  EXPECT_THAT(valuesOf(dst), Pointwise(FloatEq(), Floats{19 - 3 * 2, -3 + 19 * 2 + 19 - 3}));
}

TEST(Resize, WeighsMorePixelsWhenItShrinksWithAntialiasing) {
  // Centres 0.5 and 2.5; a triangle of radius 2 weighs distances 0.5 and 1.5 with 3/8 and 1/8. The border repeats.
  auto runner = resizeLine("linear", "half_pixel", floats({0, 8, 16, 40}), 2);
  EXPECT_EQ(valuesOf(runner.attr("antialias", int64_t{1}).run()), (Floats{5, (8 + 3 * 16 + 3 * 40 + 40) / 8.0F}));
}

TEST(Resize, RoundsHalfToEvenAndSaturatesIntegers) {
  const Tensor src = Tensor::of<uint8_t>({1, 1, 2}, {1, 2});
  const Tensor dst = OpRunner("Resize", 19)
                         .attr("mode", std::string("linear"))
                         .attr("coordinate_transformation_mode", std::string("align_corners"))
                         .input(src.alias())
                         .absent()
                         .absent()
                         .input(ints({1, 1, 3}))
                         .run();
  EXPECT_THAT(valuesOf<uint8_t>(dst), ElementsAre(1, 2, 2));
}

TEST(Resize, ExtrapolatesOutsideTheCroppedRegion) {
  const Tensor dst = OpRunner("Resize", 13)
                         .attr("mode", std::string("linear"))
                         .attr("coordinate_transformation_mode", std::string("tf_crop_and_resize"))
                         .attr("extrapolation_value", 9.0F)
                         .input(counting({1, 1, 3}))
                         .input(floats({0, 0, 0.5F, 1, 1, 1.5F}))
                         .absent()
                         .input(ints({1, 1, 3}))
                         .run();
  EXPECT_EQ(valuesOf(dst), (Floats{1, 2, 9}));
}

TEST(Resize, KeepsTheAspectRatioWithinTheWantedSize) {
  const Tensor dst = OpRunner("Resize", 18)
                         .attr("axes", std::vector<int64_t>{2, 3})
                         .attr("keep_aspect_ratio_policy", std::string("not_larger"))
                         .input(counting({1, 1, 4, 2}))
                         .absent()
                         .absent()
                         .input(ints({6, 6}))
                         .run();
  EXPECT_EQ(dst.shape(), (Shape{1, 1, 6, 3}));
}

TEST(Resize, RoundsUpWhenItShrinksBeforeOpset11) {
  const Tensor dst = OpRunner("Resize", 10).input(counting({1, 1, 2, 4})).input(floats({1, 1, 0.6F, 0.6F})).run();
  EXPECT_EQ(dst.shape(), (Shape{1, 1, 1, 2}));
  EXPECT_EQ(valuesOf(dst), (Floats{0, 2}));
}

TEST(Resize, TakesTheWholePixelThatAnInexactScaleMeans) {
  // (1 + 0.5) / 0.6 - 0.5 is 2, and slightly less with the float nearest to 0.6.
  const Tensor dst = OpRunner("Resize", 13)
                         .attr("nearest_mode", std::string("floor"))
                         .input(counting({7}))
                         .absent()
                         .input(floats({0.6F}))
                         .run();
  EXPECT_EQ(valuesOf(dst), (Floats{0, 2, 3, 5}));
}

TEST(Resize, RefusesAScaleThatIsNotPositive) {
  EXPECT_EQ(OpRunner("Resize", 13).input(counting({1, 2})).absent().input(floats({1, -2})).refusal(),
            "Resize by a factor of -2");
}

TEST(Resize, EqualsPassesOverOneAxisAfterTheOther) {
  const Tensor src = counting({2, 3, 17, 23});
  const auto resize = [](const Tensor& from, std::initializer_list<int64_t> sizes) {
    return OpRunner("Resize", 19)
        .attr("mode", std::string("linear"))
        .input(from.alias())
        .absent()
        .absent()
        .input(ints(sizes))
        .run();
  };
  const Tensor both = resize(src, {2, 3, 40, 50});
  const Tensor rows_then_columns = resize(resize(src, {2, 3, 40, 23}), {2, 3, 40, 50});
  EXPECT_THAT(valuesOf(both), Pointwise(testing::FloatNear(1e-3F), valuesOf(rows_then_columns)));
}

TEST(Upsample, TakesScalesFromItsAttributeBeforeOpset9) {
  const Tensor dst = OpRunner("Upsample", 8).attr("scales", Floats{1, 1, 1, 2}).input(counting({1, 1, 1, 2})).run();
  EXPECT_EQ(valuesOf(dst), (Floats{0, 0, 1, 1}));
}

TEST(Upsample, InterpolatesFromTheLeftEdge) {
  const Tensor dst = OpRunner("Upsample", 9)
                         .attr("mode", std::string("linear"))
                         .input(counting({1, 1, 2}))
                         .input(floats({1, 1, 2}))
                         .run();
  EXPECT_EQ(valuesOf(dst), (Floats{0, 0.5F, 1, 1}));
}

}  // namespace
}  // namespace quant::test
