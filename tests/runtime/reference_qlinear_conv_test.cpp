// QLinearConv and ConvInteger: the fast loops against the formula, index by index.
#include <array>
#include <cmath>

#include "reference_testing.h"

namespace quant::test {
namespace {

using testing::ElementsAre;

/// A convolution with up to three spatial axes.
struct Case {
  int64_t batch, groups, group_in, group_out;
  std::vector<int64_t> in, kernel, strides, dilations, pads;

  [[nodiscard]] size_t rank() const { return in.size(); }
  [[nodiscard]] int64_t channels() const { return groups * group_in; }
  [[nodiscard]] int64_t filters() const { return groups * group_out; }
};

Case drawCase(std::mt19937& random) {
  const auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  Case c{draw(1, 2), draw(1, 3), draw(1, 20), draw(1, 5), {}, {}, {}, {}, {}};
  switch (draw(0, 3)) {
    case 0: c.groups = 1; break;                                             // dense
    case 1: c.groups = draw(2, 21), c.group_in = 1, c.group_out = 1; break;  // depthwise
    case 2: c.groups = draw(2, 5), c.group_in = 1; break;                    // depthwise with a multiplier
    default: break;                                                          // grouped
  }
  const int64_t rank = draw(1, 3);
  for (int64_t i = 0; i < rank; ++i) {
    c.in.push_back(draw(5, 7));
    c.kernel.push_back(draw(1, 3));
    c.strides.push_back(draw(1, 3));
    c.dilations.push_back(draw(1, 2));
  }
  for (int64_t i = 0; i < 2 * rank; ++i) c.pads.push_back(draw(0, 2));
  return c;
}

template <class T>
struct Data {
  Shape shape;
  std::vector<T> values;
};

template <class T>
Data<T> drawData(std::mt19937& random, Shape shape) {
  const int64_t count = elementCount(shape);
  return {std::move(shape), randomIntegers<T>(random, count)};
}

Shape joined(Shape front, const std::vector<int64_t>& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

Shape outShape(const Case& c) {
  Shape shape{c.batch, c.filters()};
  for (size_t i = 0; i < c.rank(); ++i) {
    const int64_t room = c.in[i] + c.pads[i] + c.pads[i + c.rank()] - (c.kernel[i] - 1) * c.dilations[i] - 1;
    shape.push_back(room / c.strides[i] + 1);
  }
  return shape;
}

/// The position along each axis of element `index`.
std::vector<int64_t> positionOf(int64_t index, const std::vector<int64_t>& sizes) {
  std::vector<int64_t> position(sizes.size());
  for (size_t i = sizes.size(); i-- > 0; index /= sizes[i]) position[i] = index % sizes[i];
  return position;
}

/// The sum of one output element, straight from the definition.
template <class X, class W>
int32_t sumAt(const Case& c, const Data<X>& x, int32_t x_zero, const Data<W>& w, int32_t w_zero, int64_t index) {
  const auto out = positionOf(index, outShape(c));
  int32_t sum = 0;
  for (int64_t k = 0; k < c.group_in * elementCount(c.kernel); ++k) {
    const auto tap = positionOf(k, joined({c.group_in}, c.kernel));
    int64_t at = out[0] * c.channels() + out[1] / c.group_out * c.group_in + tap[0];
    bool inside = true;
    for (size_t i = 0; i < c.rank(); ++i) {
      const int64_t position = out[2 + i] * c.strides[i] - c.pads[i] + tap[1 + i] * c.dilations[i];
      inside = inside && position >= 0 && position < c.in[i];
      at = at * c.in[i] + position;
    }
    if (!inside) continue;
    const auto weight = static_cast<size_t>(out[1] * c.group_in * elementCount(c.kernel) + k);
    sum += (x.values[static_cast<size_t>(at)] - x_zero) * (w.values[weight] - w_zero);
  }
  return sum;
}

Op makeOp(const char* op_type, const Case& c) {
  Op op(op_type);
  op.ints("strides", c.strides).ints("dilations", c.dilations).ints("pads", c.pads).attr("group", c.groups);
  return op;
}

template <class X, class W>
void checkConvInteger(std::mt19937& random) {
  const Case c = drawCase(random);
  const auto x = drawData<X>(random, joined({c.batch, c.channels()}, c.in));
  const auto w = drawData<W>(random, joined({c.filters(), c.group_in}, c.kernel));
  const X x_zero = randomIntegers<X>(random, 1)[0];
  const W w_zero = randomIntegers<W>(random, 1)[0];
  Op op = makeOp("ConvInteger", c);
  op.input<X>(x.shape, x.values);
  op.input<W>(w.shape, w.values);
  op.scalar(x_zero);
  const Tensor y = op.scalar(w_zero).run();
  ASSERT_EQ(y.shape(), outShape(c));
  for (int64_t i = 0; i < y.elementCount(); ++i) {
    ASSERT_EQ(y.data<int32_t>()[static_cast<size_t>(i)], sumAt(c, x, x_zero, w, w_zero, i)) << "element " << i;
  }
}

TEST(ReferenceQLinearConv, SumsFollowTheFormulaForAnyGeometryAndType) {
  std::mt19937 random(11);
  for (int round = 0; round < 30; ++round) {
    checkConvInteger<uint8_t, int8_t>(random);
    checkConvInteger<uint8_t, uint8_t>(random);
    checkConvInteger<int8_t, int8_t>(random);
    checkConvInteger<int8_t, uint8_t>(random);
  }
}

TEST(ReferenceQLinearConv, RequantizesEachChannelWithItsOwnScaleZeroPointAndBias) {
  std::mt19937 random(12);
  for (int round = 0; round < 25; ++round) {
    const Case c = drawCase(random);
    const auto x = drawData<uint8_t>(random, joined({c.batch, c.channels()}, c.in));
    const auto w = drawData<int8_t>(random, joined({c.filters(), c.group_in}, c.kernel));
    const auto w_zeros = randomIntegers<int8_t>(random, c.filters());
    const auto raw_bias = randomIntegers<int16_t>(random, c.filters());
    const std::vector<int32_t> bias(raw_bias.begin(), raw_bias.end());
    std::vector<float> w_scales;
    for (int64_t m = 0; m < c.filters(); ++m) w_scales.push_back(0.001F * static_cast<float>(m + 1));
    const float x_scale = 0.02F, y_scale = 0.7F;
    const Tensor y = makeOp("QLinearConv", c)
                         .input<uint8_t>(x.shape, x.values)
                         .scalar(x_scale)
                         .scalar<uint8_t>(120)
                         .input<int8_t>(w.shape, w.values)
                         .input<float>({c.filters()}, w_scales)
                         .input<int8_t>({c.filters()}, w_zeros)
                         .scalar(y_scale)
                         .scalar<uint8_t>(130)
                         .input<int32_t>({c.filters()}, bias)
                         .run();
    const auto out = outShape(c);
    for (int64_t i = 0; i < y.elementCount(); ++i) {
      const auto m = static_cast<size_t>(positionOf(i, out)[1]);
      const int32_t sum = sumAt(c, x, 120, w, w_zeros[m], i) + bias[m];
      const float real = static_cast<float>(sum) * (x_scale * w_scales[m] / y_scale);
      const int expected = std::clamp(static_cast<int>(std::nearbyint(real)) + 130, 0, 255);
      ASSERT_EQ(int{y.data<uint8_t>()[static_cast<size_t>(i)]}, expected) << "element " << i;
    }
  }
}

/// A pointwise convolution of one pixel: sum over the channels of x, times 0.5, plus `zero_point`.
template <class Y>
std::vector<Y> halved(std::vector<uint8_t> x, Y zero_point) {
  const auto channels = static_cast<int64_t>(x.size());
  return values<Y>(Op("QLinearConv")
                       .input<uint8_t>({1, channels, 1}, std::move(x))
                       .scalar(1.0F)
                       .scalar<uint8_t>(0)
                       .input<int8_t>({1, channels, 1}, std::vector<int8_t>(static_cast<size_t>(channels), 1))
                       .scalar(1.0F)
                       .scalar<int8_t>(0)
                       .scalar(2.0F)
                       .scalar(zero_point)
                       .run());
}

TEST(ReferenceQLinearConv, RoundsHalvesToEvenBeforeTheZeroPointIsAdded) {
  EXPECT_THAT(halved<uint8_t>({1}, 1), ElementsAre(1));  // 0.5 -> 0
  EXPECT_THAT(halved<uint8_t>({3}, 1), ElementsAre(3));  // 1.5 -> 2
  EXPECT_THAT(halved<uint8_t>({5}, 1), ElementsAre(3));  // 2.5 -> 2
}

TEST(ReferenceQLinearConv, SaturatesBothTypes) {
  EXPECT_THAT(halved<uint8_t>({255, 255, 255}, 0), ElementsAre(255));
  EXPECT_THAT(halved<int8_t>({255, 255, 255}, -10), ElementsAre(127));
}

TEST(ReferenceQLinearConv, PairsOfProductsThatExceed16BitsAreExact) {
  // What AVX2 without VNNI saturates to 32767: 255 * 127 * 2 = 64770.
  EXPECT_THAT(values<int32_t>(
                  Op("ConvInteger").input<uint8_t>({1, 2, 1}, {255, 255}).input<int8_t>({1, 2, 1}, {127, 127}).run()),
              ElementsAre(64770));
}

TEST(ReferenceQLinearConv, PaddingIsTheZeroPoint) {
  EXPECT_THAT(values<int32_t>(Op("ConvInteger")
                                  .ints("pads", {1, 1})
                                  .input<uint8_t>({1, 1, 1}, {7})
                                  .input<int8_t>({1, 1, 3}, {1, 1, 1})
                                  .scalar<uint8_t>(7)
                                  .run()),
              ElementsAre(0));
}

TEST(ReferenceQLinearConv, ReadsAndWritesChannelsLast) {
  KernelRegistry registry;
  registerReferenceMath(registry);
  const Node node(makeNode("ConvInteger", {"x", "w"}, {"y"}));
  const auto kernel = (*registry.find("", "ConvInteger", 10))(node, 10);
  std::deque<KernelContext::Value> inputs;
  inputs.push_back({convertLayout(Tensor::of<uint8_t>({1, 2, 2}, {1, 2, 3, 4}), Layout::kChannelsLast), {}, {}, false});
  inputs.push_back({Tensor::of<int8_t>({2, 2, 1}, {1, 0, 1, 1}), {}, {}, true});
  KernelContext context({&inputs[0], &inputs[1]}, 1, {true});
  kernel->run(context);
  const Tensor& y = context.results()[0].value();
  EXPECT_EQ(y.layout(), Layout::kChannelsLast);
  EXPECT_THAT(values<int32_t>(y), ElementsAre(1, 4, 2, 6));
}

TEST(ReferenceQLinearConv, AFloatBiasIsNamed) {
  Op op("QLinearConv");
  op.input<uint8_t>({1, 1, 1}, {1}).scalar(1.0F).scalar<uint8_t>(0).input<int8_t>({1, 1, 1}, {1}).scalar(1.0F);
  op.scalar<int8_t>(0).scalar(1.0F).scalar<uint8_t>(0).input<float>({1}, {1});
  EXPECT_EQ(op.error(), "input 8 of QLinearConv has elements of type float; they should be int32");
}

TEST(ReferenceQLinearConv, ABiasOfTheWrongSizeIsNamed) {
  EXPECT_EQ(Op("QLinearConv")
                .input<uint8_t>({1, 1, 1}, {1})
                .scalar(1.0F)
                .scalar<uint8_t>(0)
                .input<int8_t>({1, 1, 1}, {1})
                .scalar(1.0F)
                .scalar<int8_t>(0)
                .scalar(1.0F)
                .scalar<uint8_t>(0)
                .input<int32_t>({2}, {1, 2})
                .error(),
            "a convolution has 1 output channels, but its bias is of shape [2]");
}

}  // namespace
}  // namespace quant::test
