// DFT and STFT against the sum that defines them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <complex>
#include <numbers>
#include <random>

#include "runtime/reference/fourier_transform.h"
#include "support/op_runner.h"

namespace quant {
namespace {

using reference::FourierTransform;
using test::OpRunner;
using test::valuesOf;
using testing::ElementsAre;
using testing::FloatNear;

using Numbers = std::vector<std::complex<double>>;

Numbers definition(const Numbers& x, double sign) {
  Numbers y(x.size());
  for (size_t k = 0; k < x.size(); ++k) {
    for (size_t n = 0; n < x.size(); ++n) {
      const auto turn = static_cast<double>(k * n % x.size()) / static_cast<double>(x.size());
      y[k] += std::polar(1.0, sign * 2 * std::numbers::pi * turn) * x[n];
    }
  }
  return y;
}

TEST(FourierTransform, IsTheSumThatDefinesItForAnyLength) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> any(-1, 1);
  for (const int64_t length : {1, 2, 3, 5, 8, 12, 30, 64, 97}) {
    Numbers x(static_cast<size_t>(length));
    for (auto& value : x) value = {any(random), any(random)};
    const Numbers expected = definition(x, -1);
    Numbers y = x;
    FourierTransform(length, FourierTransform::Direction::kForward).run(y);
    for (size_t k = 0; k < y.size(); ++k) EXPECT_LT(std::abs(y[k] - expected[k]), 1e-11) << length;
    FourierTransform(length, FourierTransform::Direction::kInverse).run(y);
    for (size_t k = 0; k < y.size(); ++k) EXPECT_LT(std::abs(y[k] - x[k]), 1e-12) << length;
  }
}

TEST(Dft, AShorterSignalIsFilledWithZeros) {
  const Tensor y =
      OpRunner("DFT", 20).input(Tensor::of<float>({1, 2, 1}, {1, 2})).input(Tensor::scalar(int64_t{4})).run();
  EXPECT_EQ(y.shape(), (Shape{1, 4, 2}));
  EXPECT_THAT(valuesOf(y), ElementsAre(3, 0, 1, -2, FloatNear(-1, 1e-6F), FloatNear(0, 1e-6F), 1, 2));
}

TEST(Dft, OnesidedAndInverseGiveARealSignalBack) {
  const Tensor half =
      OpRunner("DFT", 20).attr("onesided", int64_t{1}).input(Tensor::of<float>({1, 6, 1}, {1, 2, 4, -1, 0, 3})).run();
  EXPECT_EQ(half.shape(), (Shape{1, 4, 2}));
  const Tensor back =
      OpRunner("DFT", 20).attr("onesided", int64_t{1}).attr("inverse", int64_t{1}).input(half.alias()).run();
  EXPECT_EQ(back.shape(), (Shape{1, 6, 1}));
  EXPECT_THAT(valuesOf(back), testing::Pointwise(FloatNear(1e-6F), std::vector<float>{1, 2, 4, -1, 0, 3}));
}

TEST(Dft, TheAxisOfRealAndImaginaryPartsIsRefused) {
  OpRunner runner("DFT", 17);
  runner.attr("axis", int64_t{2}).input(Tensor::of<float>({1, 2, 1}, {1, 2}));
  EXPECT_EQ(runner.refusal(), "the axis of a DFT is the one of real and imaginary parts");
}

TEST(Stft, FramesAreWindowedAndStepAlong) {
  // Frames [1, 2], [2, 3] with the window [1, 10]: sums 21, 32 and differences -19, -28.
  const Tensor y = OpRunner("STFT", 17)
                       .input(Tensor::of<float>({1, 3, 1}, {1, 2, 3}))
                       .input(Tensor::scalar(int64_t{1}))
                       .input(Tensor::of<float>({2}, {1, 10}))
                       .run();
  EXPECT_EQ(y.shape(), (Shape{1, 2, 2, 2}));
  EXPECT_THAT(valuesOf(y), ElementsAre(21, 0, -19, 0, 32, 0, -28, 0));
}

TEST(Stft, ARealSignalMayLackItsLastAxis) {
  const Tensor y = OpRunner("STFT", 17)
                       .input(Tensor::of<float>({1, 3}, {1, 2, 3}))
                       .input(Tensor::scalar(int64_t{1}))
                       .input(Tensor::of<float>({2}, {1, 10}))
                       .run();
  EXPECT_EQ(y.shape(), (Shape{1, 2, 2, 2}));
  EXPECT_THAT(valuesOf(y), ElementsAre(21, 0, -19, 0, 32, 0, -28, 0));
}

}  // namespace
}  // namespace quant
