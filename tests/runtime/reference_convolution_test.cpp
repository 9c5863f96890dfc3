// Conv and ConvTranspose against loops that follow the formulas index by index.
#include <array>

#include "reference_testing.h"

namespace quant::test {
namespace {

using testing::ElementsAre;

/// A 2-D convolution to be drawn at random.
struct Case {
  int64_t batch, groups, group_in, group_out;
  std::array<int64_t, 2> in, kernel, stride, dilation;
  std::array<int64_t, 4> pads;
};

Case drawCase(std::mt19937& random) {
  const auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  return {draw(1, 2),
          draw(1, 3),
          draw(1, 3),
          draw(1, 3),
          {draw(6, 9), draw(6, 9)},
          {draw(1, 3), draw(1, 3)},
          {draw(1, 3), draw(1, 3)},
          {draw(1, 2), draw(1, 2)},
          {draw(0, 1), draw(0, 2), draw(0, 1), draw(0, 2)}};
}

std::vector<float> drawFloats(std::mt19937& random, int64_t count) {
  std::uniform_real_distribution<float> draw(-1, 1);
  std::vector<float> result(static_cast<size_t>(count));
  for (float& value : result) value = draw(random);
  return result;
}

Op makeOp(const char* op_type, const Case& c) {
  Op op(op_type);
  op.ints("strides", {c.stride[0], c.stride[1]}).ints("dilations", {c.dilation[0], c.dilation[1]});
  op.ints("pads", {c.pads[0], c.pads[1], c.pads[2], c.pads[3]}).attr("group", c.groups);
  return op;
}

/// Calls visit(n, m, c, kh, kw, oh, ow, ih, iw) for every product of a convolution from `in` to `out` sizes, where
/// i = o * stride - pad + k * dilation; only `o` within `out` and `i` within `in`.
template <class Visit>
void forEachProduct(const Case& c, std::array<int64_t, 2> out, std::array<int64_t, 2> in, Visit visit) {
  for (int64_t n = 0; n < c.batch; ++n)
    for (int64_t m = 0; m < c.groups * c.group_out; ++m)
      for (int64_t k = 0; k < c.group_in; ++k)
        for (int64_t kh = 0; kh < c.kernel[0]; ++kh)
          for (int64_t kw = 0; kw < c.kernel[1]; ++kw)
            for (int64_t oh = 0; oh < out[0]; ++oh)
              for (int64_t ow = 0; ow < out[1]; ++ow) {
                const int64_t ih = oh * c.stride[0] - c.pads[0] + kh * c.dilation[0];
                const int64_t iw = ow * c.stride[1] - c.pads[1] + kw * c.dilation[1];
                if (ih >= 0 && ih < in[0] && iw >= 0 && iw < in[1]) visit(n, m, k, kh, kw, oh, ow, ih, iw);
              }
}

void expectNear(const std::vector<float>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 1e-5) << "at " << i;
}

TEST(ReferenceConvolution, ConvFollowsItsFormulaForAnyGeometry) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    const Case c = drawCase(random);
    const int64_t channels = c.groups * c.group_in, filters = c.groups * c.group_out;
    const auto x = drawFloats(random, c.batch * channels * c.in[0] * c.in[1]);
    const auto w = drawFloats(random, filters * c.group_in * c.kernel[0] * c.kernel[1]);
    const auto bias = drawFloats(random, filters);
    const Tensor y = makeOp("Conv", c)
                         .input<float>({c.batch, channels, c.in[0], c.in[1]}, x)
                         .input<float>({filters, c.group_in, c.kernel[0], c.kernel[1]}, w)
                         .input<float>({filters}, bias)
                         .run();
    std::array<int64_t, 2> out{};
    for (size_t i = 0; i < 2; ++i) {
      out[i] = (c.in[i] + c.pads[i] + c.pads[i + 2] - (c.kernel[i] - 1) * c.dilation[i] - 1) / c.stride[i] + 1;
    }
    ASSERT_EQ(y.shape(), (Shape{c.batch, filters, out[0], out[1]}));
    std::vector<double> expected(static_cast<size_t>(y.elementCount()));
    for (size_t i = 0; i < expected.size(); ++i) {
      expected[i] = bias[i / static_cast<size_t>(out[0] * out[1]) % static_cast<size_t>(filters)];
    }
    forEachProduct(c, out, c.in, [&](auto n, auto m, auto k, auto kh, auto kw, auto oh, auto ow, auto ih, auto iw) {
      const int64_t channel = m / c.group_out * c.group_in + k;
      expected[static_cast<size_t>(((n * filters + m) * out[0] + oh) * out[1] + ow)] +=
          double{x[static_cast<size_t>(((n * channels + channel) * c.in[0] + ih) * c.in[1] + iw)]} *
          w[static_cast<size_t>(((m * c.group_in + k) * c.kernel[0] + kh) * c.kernel[1] + kw)];
    });
    expectNear(values<float>(y), expected);
  }
}

TEST(ReferenceConvolution, ConvTransposeSpreadsEachInputOverTheKernel) {
  std::mt19937 random(8);
  for (int round = 0; round < 60; ++round) {
    const Case c = drawCase(random);
    const int64_t channels = c.groups * c.group_in, filters = c.groups * c.group_out;
    const std::array<int64_t, 2> extra{static_cast<int64_t>(random()) % c.stride[0],
                                       static_cast<int64_t>(random()) % c.stride[1]};
    const auto x = drawFloats(random, c.batch * channels * c.in[0] * c.in[1]);
    const auto w = drawFloats(random, channels * c.group_out * c.kernel[0] * c.kernel[1]);
    const Tensor y = makeOp("ConvTranspose", c)
                         .ints("output_padding", {extra[0], extra[1]})
                         .input<float>({c.batch, channels, c.in[0], c.in[1]}, x)
                         .input<float>({channels, c.group_out, c.kernel[0], c.kernel[1]}, w)
                         .run();
    std::array<int64_t, 2> out{};
    for (size_t i = 0; i < 2; ++i) {
      out[i] =
          c.stride[i] * (c.in[i] - 1) + extra[i] + (c.kernel[i] - 1) * c.dilation[i] + 1 - c.pads[i] - c.pads[i + 2];
    }
    ASSERT_EQ(y.shape(), (Shape{c.batch, filters, out[0], out[1]}));
    std::vector<double> expected(static_cast<size_t>(y.elementCount()), 0);
    // The same products, with input and output in each other's place.
    forEachProduct(c, c.in, out, [&](auto n, auto m, auto k, auto kh, auto kw, auto ih, auto iw, auto oh, auto ow) {
      const int64_t channel = m / c.group_out * c.group_in + k;
      expected[static_cast<size_t>(((n * filters + m) * out[0] + oh) * out[1] + ow)] +=
          double{x[static_cast<size_t>(((n * channels + channel) * c.in[0] + ih) * c.in[1] + iw)]} *
          w[static_cast<size_t>(((channel * c.group_out + m % c.group_out) * c.kernel[0] + kh) * c.kernel[1] + kw)];
    });
    expectNear(values<float>(y), expected);
  }
}

TEST(ReferenceConvolution, RunsInOneAndThreeDimensions) {
  EXPECT_THAT(values<float>(Op("Conv").input<float>({1, 1, 4}, {1, 2, 3, 4}).input<float>({1, 1, 2}, {1, 10}).run()),
              ElementsAre(21, 32, 43));
  EXPECT_THAT(values<float>(
                  Op("Conv").input<float>({1, 1, 2, 1, 2}, {1, 2, 3, 4}).input<float>({1, 1, 2, 1, 1}, {1, 10}).run()),
              ElementsAre(31, 42));
}

TEST(ReferenceConvolution, SamePaddingPutsTheOddElementWhereTheModeSays) {
  const auto conv = [](const char* mode) {
    return values<float>(
        Op("Conv").text("auto_pad", mode).input<float>({1, 1, 3}, {1, 2, 3}).input<float>({1, 1, 2}, {1, 10}).run());
  };
  EXPECT_THAT(conv("SAME_UPPER"), ElementsAre(21, 32, 3));
  EXPECT_THAT(conv("SAME_LOWER"), ElementsAre(10, 21, 32));
}

TEST(ReferenceConvolution, ConvTransposeReachesTheOutputShapeItIsAskedFor) {
  // Stride 2 spreads to [1 1 2 2]; one element must go, at the end unless SAME_UPPER keeps it at the end.
  const auto run = [](const char* mode) {
    return values<float>(Op("ConvTranspose")
                             .ints("strides", {2})
                             .ints("output_shape", {3})
                             .text("auto_pad", mode)
                             .input<float>({1, 1, 2}, {1, 2})
                             .input<float>({1, 1, 2}, {1, 3})
                             .run());
  };
  EXPECT_THAT(run("SAME_UPPER"), ElementsAre(1, 3, 2));
  EXPECT_THAT(run("NOTSET"), ElementsAre(3, 2, 6));
}

TEST(ReferenceConvolution, ChannelsThatDoNotFitAreNamed) {
  EXPECT_EQ(Op("Conv").input<float>({1, 3, 2}, std::vector<float>(6)).input<float>({1, 2, 1}, {1, 1}).error(),
            "Conv of a tensor of shape [1,3,2] with weights of shape [1,2,1] in 1 groups: the channels do not fit");
}

}  // namespace
}  // namespace quant::test
