#include "reference_testing.h"

namespace quant::test {
namespace {

using testing::ElementsAre;

constexpr const char* kMicrosoft = "com.microsoft";

TEST(ReferenceMatMul, TakesVectorsOnEitherSide) {
  const std::vector<float> matrix{1, 2, 3, 4};
  const Tensor left = Op("MatMul").input<float>({2}, {1, 10}).input<float>({2, 2}, matrix).run();
  EXPECT_EQ(left.shape(), (Shape{2}));
  EXPECT_THAT(values<float>(left), ElementsAre(31, 42));
  EXPECT_THAT(values<float>(Op("MatMul").input<float>({2, 2}, matrix).input<float>({2}, {1, 10}).run()),
              ElementsAre(21, 43));
  EXPECT_EQ(Op("MatMul").input<float>({2}, {1, 10}).input<float>({2}, {3, 4}).run().shape(), Shape{});
}

TEST(ReferenceMatMul, BroadcastsBatches) {
  // [2, 1, 1, 1] x [3, 1, 1]: all pairs
  const Tensor y = Op("MatMul").input<int32_t>({2, 1, 1, 1}, {2, 3}).input<int32_t>({3, 1, 1}, {1, 10, 100}).run();
  EXPECT_EQ(y.shape(), (Shape{2, 3, 1, 1}));
  EXPECT_THAT(values<int32_t>(y), ElementsAre(2, 20, 200, 3, 30, 300));
}

TEST(ReferenceMatMul, AddsUpInDouble) {
  EXPECT_THAT(values<float>(Op("MatMul").input<float>({1, 3}, {1e8F, 1, -1e8F}).input<float>({3, 1}, {1, 1, 1}).run()),
              ElementsAre(1));
}

TEST(ReferenceMatMul, EqualsTheFormulaForSizesThatDoNotFillBlocks) {
  for (const int64_t rows : {1, 3, 4, 9}) {
    for (const int64_t columns : {1, 7, 8, 17}) {
      std::mt19937 random(3);
      const int64_t depth = 5;
      const auto a = randomIntegers<int8_t>(random, rows * depth), b = randomIntegers<int8_t>(random, depth * columns);
      const Tensor y = Op("MatMul")
                           .input<int32_t>({rows, depth}, {a.begin(), a.end()})
                           .input<int32_t>({depth, columns}, {b.begin(), b.end()})
                           .run();
      for (int64_t i = 0; i < rows * columns; ++i) {
        int32_t sum = 0;
        for (int64_t k = 0; k < depth; ++k) {
          sum += a[static_cast<size_t>(i / columns * depth + k)] * b[static_cast<size_t>(k * columns + i % columns)];
        }
        ASSERT_EQ(y.data<int32_t>()[static_cast<size_t>(i)], sum);
      }
    }
  }
}

TEST(ReferenceMatMul, ShapesThatDoNotFitAreNamed) {
  EXPECT_EQ(Op("MatMul").input<float>({1, 2}, {1, 2}).input<float>({1, 1}, {1}).error(),
            "a matrix product of shapes [1,2] and [1,1]: 2 columns meet 1 rows");
}

TEST(ReferenceMatMul, GemmTransposesScalesAndBroadcastsItsAddend) {
  // 2 * [1 2; 3 4]^T x [1 1; 0 1]^T + 3 * c
  const auto gemm = [](Shape shape, std::vector<float> c) {
    return values<float>(Op("Gemm")
                             .attr("alpha", 2.0)
                             .attr("beta", 3.0)
                             .attr("transA", 1)
                             .attr("transB", 1)
                             .input<float>({2, 2}, {1, 2, 3, 4})
                             .input<float>({2, 2}, {1, 1, 0, 1})
                             .input<float>(std::move(shape), std::move(c))
                             .run());
  };
  EXPECT_THAT(gemm({}, {1}), ElementsAre(11, 9, 15, 11));
  EXPECT_THAT(gemm({2}, {0, 1}), ElementsAre(8, 9, 12, 11));
  EXPECT_THAT(gemm({2, 1}, {0, 1}), ElementsAre(8, 6, 15, 11));
  EXPECT_THAT(gemm({2, 2}, {0, 0, 1, 0}), ElementsAre(8, 6, 15, 8));
}

TEST(ReferenceIntegerMatMul, SumsExceed16Bits) {
  const std::vector<uint8_t> a(1000, 255);
  const std::vector<int8_t> b(1000, -128);
  EXPECT_THAT(values<int32_t>(Op("MatMulInteger").input<uint8_t>({1, 1000}, a).input<int8_t>({1000, 1}, b).run()),
              ElementsAre(-32640000));
}

TEST(ReferenceIntegerMatMul, SumsBeyond32BitsWrapAround) {
  const std::vector<uint8_t> x(40000, 255);
  EXPECT_THAT(values<int32_t>(Op("MatMulInteger").input<uint8_t>({1, 40000}, x).input<uint8_t>({40000, 1}, x).run()),
              ElementsAre(static_cast<int32_t>(40000U * 255 * 255)));
}

TEST(ReferenceIntegerMatMul, TakesAZeroPointForEachRowAndColumn) {
  EXPECT_THAT(values<int32_t>(Op("MatMulInteger")
                                  .input<uint8_t>({2, 1}, {10, 20})
                                  .input<int8_t>({1, 2}, {3, -3})
                                  .input<uint8_t>({2}, {9, 15})
                                  .input<int8_t>({2}, {1, -1})
                                  .run()),
              ElementsAre(2, -2, 10, -10));
}

TEST(ReferenceIntegerMatMul, EqualsTheFormulaForSizesThatDoNotFillBlocks) {
  std::mt19937 random(4);
  for (const int64_t rows : {1, 5, 33}) {
    for (const int64_t columns : {1, 2, 35}) {
      for (const int64_t depth : {1, 16, 37}) {
        const auto a = randomIntegers<uint8_t>(random, rows * depth);
        const auto b = randomIntegers<int8_t>(random, depth * columns);
        const Tensor y = Op("MatMulInteger")
                             .input<uint8_t>({rows, depth}, a)
                             .input<int8_t>({depth, columns}, b)
                             .scalar<uint8_t>(200)
                             .scalar<int8_t>(-100)
                             .run();
        for (int64_t i = 0; i < rows * columns; ++i) {
          int32_t sum = 0;
          for (int64_t k = 0; k < depth; ++k) {
            sum += (a[static_cast<size_t>(i / columns * depth + k)] - 200) *
                   (b[static_cast<size_t>(k * columns + i % columns)] + 100);
          }
          ASSERT_EQ(y.data<int32_t>()[static_cast<size_t>(i)], sum) << rows << " " << columns << " " << depth;
        }
      }
    }
  }
}

TEST(ReferenceIntegerMatMul, QLinearMatMulRoundsHalfToEvenAndSaturates) {
  // Sums 1, 3, 5, 1000 times 0.5: 0.5, 1.5, 2.5, 500
  EXPECT_THAT(values<int8_t>(Op("QLinearMatMul")
                                 .input<int8_t>({1, 1}, {1})
                                 .scalar(1.0F)
                                 .scalar<int8_t>(0)
                                 .input<int8_t>({1, 3}, {1, 3, 5})
                                 .scalar(1.0F)
                                 .scalar<int8_t>(0)
                                 .scalar(2.0F)
                                 .scalar<int8_t>(1)
                                 .run()),
              ElementsAre(1, 3, 3));
  EXPECT_THAT(values<uint8_t>(Op("QLinearMatMul")
                                  .input<uint8_t>({1, 1}, {100})
                                  .scalar(1.0F)
                                  .scalar<uint8_t>(0)
                                  .input<int8_t>({1, 2}, {10, -10})
                                  .input<float>({2}, {1, 1})
                                  .scalar<int8_t>(0)
                                  .scalar(2.0F)
                                  .scalar<uint8_t>(7)
                                  .run()),
              ElementsAre(255, 0));
}

TEST(ReferenceIntegerMatMul, QGemmWritesFloatWithoutAResultScale) {
  // a = [2 4] - 1, b = [1 2; 3 4] read transposed, c in units of 0.5 * 0.25
  Op op("QGemm", 1, kMicrosoft);
  op.attr("transB", 1).input<uint8_t>({1, 2}, {2, 4}).scalar(0.5F).scalar<uint8_t>(1);
  op.input<int8_t>({2, 2}, {1, 2, 3, 4})
      .input<float>({2}, {0.25F, 0.5F})
      .scalar<int8_t>(0)
      .input<int32_t>({2}, {1, 10});
  EXPECT_THAT(values<float>(op.run()), ElementsAre(8 * 0.125F, 25 * 0.25F));
}

TEST(ReferenceIntegerMatMul, QGemmRequantizes) {
  Op op("QGemm", 1, kMicrosoft);
  op.attr("alpha", 2.0).input<uint8_t>({1, 1}, {3}).scalar(0.5F).scalar<uint8_t>(0);
  op.input<int8_t>({1, 2}, {1, -1}).scalar(0.5F).scalar<int8_t>(0).absent().scalar(1.0F).scalar<uint8_t>(128);
  EXPECT_THAT(values<uint8_t>(op.run()), ElementsAre(130, 126));  // +-3 * 2 * 0.25 = +-1.5
}

}  // namespace
}  // namespace quant::test
