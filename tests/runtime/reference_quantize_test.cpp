#include "core/packed.h"
#include "core/quant_params.h"
#include "reference_testing.h"
#include "runtime/reference/requantize.h"

namespace quant::test {
namespace {

using testing::ElementsAre;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr const char* kMicrosoft = "com.microsoft";

TEST(ReferenceQuantize, RoundsHalfToEvenBeforeTheZeroPointIsAdded) {
  EXPECT_THAT(
      values<uint8_t>(
          Op("QuantizeLinear").input<float>({4}, {0.25F, 0.75F, 1.25F, -0.25F}).scalar(0.5F).scalar<uint8_t>(1).run()),
      ElementsAre(1, 3, 3, 1));
}

TEST(ReferenceQuantize, SaturatesAndMakesNanTheZeroPoint) {
  const std::vector<float> x{1e9F, -1e9F, kInfinity, -kInfinity, kNan};
  EXPECT_THAT(values<int8_t>(Op("QuantizeLinear").input<float>({5}, x).scalar(1.0F).scalar<int8_t>(-3).run()),
              ElementsAre(127, -128, 127, -128, -3));
  EXPECT_THAT(values<uint16_t>(Op("QuantizeLinear").input<float>({5}, x).scalar(1.0F).scalar<uint16_t>(65535).run()),
              ElementsAre(65535, 0, 65535, 0, 65535));
}

TEST(ReferenceQuantize, TheLoopsGiveWhatQuantParamsGive) {
  for (const int32_t zero_point : {0, 1, 100, 128, 255}) {
    const QuantParams params(DataType::kUInt8, 1, zero_point);
    const reference::Quantizer<uint8_t> quantizer(static_cast<uint8_t>(zero_point));
    for (float x = -300; x < 300; x += 0.125F) {
      for (const float near : {std::nextafter(x, -kInfinity), x, std::nextafter(x, kInfinity)}) {
        ASSERT_EQ(quantizer(near), params.quantize(near)) << near << " with zero point " << zero_point;
        ASSERT_EQ(quantizer(double{near}), params.quantize(near)) << near << " with zero point " << zero_point;
      }
    }
  }
}

TEST(ReferenceQuantize, LargeInt32ValuesAreNotRoundedToFloatFirst) {
  // 16777217 is not a float; divided by 2^17 and a bit more than 128 it still counts.
  EXPECT_THAT(values<uint8_t>(Op("QuantizeLinear", 10)
                                  .input<int32_t>({2}, {16842753, 16842752})
                                  .scalar(131072.0F)
                                  .scalar<uint8_t>(0)
                                  .run()),
              ElementsAre(129, 128));  // 128.50000763 and 128.5
}

TEST(ReferenceQuantize, FourBitIntegersSaturateAtTheirOwnEnds) {
  const Tensor q = Op("QuantizeLinear")
                       .attr("output_dtype", static_cast<int>(DataType::kInt4))
                       .input<float>({5}, {100, -100, 3.5F, -1, kNan})
                       .scalar(1.0F)
                       .run();
  EXPECT_EQ(q.type(), DataType::kInt4);
  EXPECT_THAT(values<int8_t>(unpack(q)), ElementsAre(7, -8, 4, -1, 0));
  EXPECT_THAT(values<float>(Op("DequantizeLinear").input(q.alias()).scalar(0.5F).run()),
              ElementsAre(3.5F, -4, 2, -0.5F, 0));
}

TEST(ReferenceQuantize, BlocksOfFourBitsHaveTheirOwnScaleAndZeroPoint) {
  EXPECT_THAT(values<float>(Op("DequantizeLinear")
                                .attr("axis", 0)
                                .attr("block_size", 2)
                                .input(pack(Tensor::of<uint8_t>({4, 1}, {0, 15, 8, 9}), DataType::kUInt4))
                                .input<float>({2, 1}, {1, 10})
                                .input(pack(Tensor::of<uint8_t>({2, 1}, {1, 8}), DataType::kUInt4))
                                .run()),
              ElementsAre(-1, 14, 0, 10));
}

TEST(ReferenceQuantize, Float8RoundsToItsOwnGrid) {
  const Tensor q = Op("QuantizeLinear")
                       .attr("output_dtype", static_cast<int>(DataType::kFloat8E4M3FN))
                       .input<float>({3}, {2, 1000, -0.53F})
                       .scalar(2.0F)
                       .run();
  EXPECT_THAT(values<float>(Op("DequantizeLinear").input(q.alias()).scalar(2.0F).run()), ElementsAre(2, 896, -0.5F));
}

TEST(ReferenceQuantize, PrecisionNamesTheTypeThatIsDividedIn) {
  // 2049 is no float16: it becomes 2048 before it is divided.
  const auto quantized = [](std::optional<DataType> precision) {
    Op op("QuantizeLinear", 23);
    op.attr("output_dtype", static_cast<int>(DataType::kInt16));
    if (precision) op.attr("precision", static_cast<int>(*precision));
    return values<int16_t>(op.input<float>({1}, {2049}).scalar(1.0F).run())[0];
  };
  EXPECT_EQ(quantized(std::nullopt), 2049);
  EXPECT_EQ(quantized(DataType::kFloat16), 2048);
}

TEST(ReferenceQuantize, ScalesAlongAnAxisFollowThatAxis) {
  const std::vector<float> x{1, 2, 3, 4};
  EXPECT_THAT(values<uint8_t>(Op("QuantizeLinear")
                                  .attr("axis", 0)
                                  .input<float>({2, 2}, x)
                                  .input<float>({2}, {1, 0.5F})
                                  .input<uint8_t>({2}, {0, 10})
                                  .run()),
              ElementsAre(1, 2, 16, 18));
  EXPECT_THAT(values<uint8_t>(Op("QuantizeLinear")
                                  .attr("axis", -1)
                                  .input<float>({2, 2}, x)
                                  .input<float>({2}, {1, 0.5F})
                                  .input<uint8_t>({2}, {0, 10})
                                  .run()),
              ElementsAre(1, 14, 3, 18));
}

TEST(ReferenceQuantize, BlocksShareAScaleAndTheLastMayBeShort) {
  const auto y = Op("DequantizeLinear")
                     .attr("axis", 1)
                     .attr("block_size", 2)
                     .input<int8_t>({1, 3}, {1, 2, 3})
                     .input<float>({1, 2}, {1, 10})
                     .input<int8_t>({1, 2}, {0, 1})
                     .run();
  EXPECT_THAT(values<float>(y), ElementsAre(1, 2, 20));
  const auto columns = Op("DequantizeLinear")
                           .attr("axis", 0)
                           .attr("block_size", 2)
                           .input<int8_t>({2, 2}, {1, 2, 3, 4})
                           .input<float>({1, 2}, {1, 10})
                           .run();
  EXPECT_THAT(values<float>(columns), ElementsAre(1, 20, 3, 40));
}

TEST(ReferenceQuantize, ChannelsLastTensorsKeepTheirChannelsScales) {
  const Tensor q = Tensor::of<int8_t>({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(values<float>(Op("DequantizeLinear")
                                .attr("axis", 1)
                                .input(convertLayout(q, Layout::kChannelsLast))
                                .input<float>({2}, {1, 10})
                                .run()),
              ElementsAre(1, 2, 3, 40, 50, 60));
}

TEST(ReferenceQuantize, DequantizesBiasesOfInt32) {
  EXPECT_THAT(values<float>(Op("DequantizeLinear", 10).input<int32_t>({2}, {1000000, -3}).scalar(0.5F).run()),
              ElementsAre(500000, -1.5F));
}

TEST(ReferenceQuantize, TheResultsTypeIsTheZeroPointsElseOutputDtypeElseUint8) {
  EXPECT_EQ(Op("QuantizeLinear").scalar(1.0F).scalar(1.0F).run().type(), DataType::kUInt8);
  EXPECT_EQ(Op("QuantizeLinear").attr("output_dtype", 5).scalar(1.0F).scalar(1.0F).run().type(), DataType::kInt16);
  EXPECT_EQ(Op("DequantizeLinear").scalar<int8_t>(1).scalar(Float16(1.0F)).run().type(), DataType::kFloat16);
}

TEST(ReferenceQuantize, DynamicQuantizationOfZerosHasScaleOne) {
  auto outputs = Op("DynamicQuantizeLinear").input<float>({2}, {0, 0}).runAll(3);
  EXPECT_THAT(values<uint8_t>(outputs[0]), ElementsAre(0, 0));
  EXPECT_THAT(values<float>(outputs[1]), ElementsAre(1));
}

TEST(ReferenceQuantize, DynamicQuantizationWidensTheRangeToZero) {
  auto outputs = Op("DynamicQuantizeLinear").input<float>({2}, {51, 25.5F}).runAll(3);
  EXPECT_THAT(values<uint8_t>(outputs[0]), ElementsAre(255, 128));  // 127.5 to even
  EXPECT_FLOAT_EQ(values<float>(outputs[1])[0], 0.2F);
  EXPECT_THAT(values<uint8_t>(outputs[2]), ElementsAre(0));
}

TEST(ReferenceQuantize, AScaleThatFitsNoAxisIsNamed) {
  EXPECT_EQ(Op("QuantizeLinear").input<float>({1, 3}, {1, 2, 3}).input<float>({2}, {1, 1}).error(),
            "the scale of QuantizeLinear, of shape [2], does not fit a tensor of shape [1,3]");
}

/// DequantizeLinear -> op -> QuantizeLinear, each as a node of its own.
Tensor throughFloat(const char* op_type, const Tensor& a, float a_scale, const Tensor& b, float b_scale,
                    float y_scale) {
  const auto real = [](const Tensor& q, float scale) {
    return Op("DequantizeLinear").input(q.clone()).scalar(scale).scalar<uint8_t>(100).run();
  };
  Tensor y = Op(op_type).input(real(a, a_scale)).input(real(b, b_scale)).run();
  return Op("QuantizeLinear").input(std::move(y)).scalar(y_scale).scalar<uint8_t>(30).run();
}

TEST(ReferenceQLinearElementwise, EqualsTheFloatOperatorBetweenItsConversionsForAllPairs) {
  std::vector<uint8_t> all(256);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(i);
  const Tensor a = Tensor::of<uint8_t>({256, 1}, std::span<const uint8_t>(all)), b = a.alias({256});
  for (const auto& [fused, plain] : {std::pair("QLinearAdd", "Add"), std::pair("QLinearMul", "Mul")}) {
    Op op(fused, 1, kMicrosoft);
    op.input(a.clone()).scalar(0.3F).scalar<uint8_t>(100).input(b.clone()).scalar(0.07F).scalar<uint8_t>(100);
    op.scalar(0.9F).scalar<uint8_t>(30);
    EXPECT_EQ(values<uint8_t>(op.run()), values<uint8_t>(throughFloat(plain, a, 0.3F, b, 0.07F, 0.9F))) << fused;
  }
}

TEST(ReferenceQLinearElementwise, LeakyReluAndSigmoidGoThroughATableOfAllValues) {
  Op leaky("QLinearLeakyRelu", 1, kMicrosoft);
  leaky.attr("alpha", 0.5)
      .input<int8_t>({3}, {-7, 0, 100})
      .scalar(1.0F)
      .scalar<int8_t>(0)
      .scalar(1.0F)
      .scalar<int8_t>(0);
  EXPECT_THAT(values<int8_t>(leaky.run()), ElementsAre(-4, 0, 100));  // -3.5 to even
  Op sigmoid("QLinearSigmoid", 1, kMicrosoft);
  sigmoid.input<int8_t>({3}, {-128, 0, 127}).scalar(1.0F).scalar<int8_t>(0).scalar(1 / 256.0F).scalar<int8_t>(-128);
  EXPECT_THAT(values<int8_t>(sigmoid.run()), ElementsAre(-128, 0, 127));
}

TEST(ReferenceQLinearElementwise, ConcatRequantizesEachTensor) {
  const auto concat = [](Layout layout) {
    Op op("QLinearConcat", 1, kMicrosoft);
    op.attr("axis", 1).scalar(1.0F).scalar<uint8_t>(0);
    op.input(convertLayout(Tensor::of<uint8_t>({1, 1, 2}, {1, 2}), layout)).scalar(1.0F).scalar<uint8_t>(0);
    op.input(convertLayout(Tensor::of<uint8_t>({1, 2, 2}, {10, 20, 30, 250}), layout)).scalar(2.0F).scalar<uint8_t>(10);
    return values<uint8_t>(op.run());
  };
  EXPECT_THAT(concat(Layout::kPlain), ElementsAre(1, 2, 0, 20, 40, 255));
  EXPECT_EQ(concat(Layout::kChannelsLast), concat(Layout::kPlain));
}

TEST(ReferenceQLinearElementwise, SoftmaxFollowsTheRuleOfTheOpsetItNames) {
  const auto softmax = [](int opset) {
    Op op("QLinearSoftmax", 1, kMicrosoft);
    op.attr("axis", 1).attr("opset", opset).input<uint8_t>({1, 2, 2}, {9, 9, 9, 9}).scalar(0.1F).scalar<uint8_t>(0);
    return values<uint8_t>(op.scalar(1 / 256.0F).scalar<uint8_t>(0).run());
  };
  EXPECT_THAT(softmax(11), ElementsAre(64, 64, 64, 64));
  EXPECT_THAT(softmax(13), ElementsAre(128, 128, 128, 128));
}

}  // namespace
}  // namespace quant::test
