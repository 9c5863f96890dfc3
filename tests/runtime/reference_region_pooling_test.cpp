#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/op_runner.h"

namespace quant {
namespace {

using test::OpRunner;
using test::valuesOf;
using testing::ElementsAre;

Tensor counting() {  // 4 x 4, from 0 to 15
  Tensor x(DataType::kFloat32, {1, 1, 4, 4});
  for (size_t i = 0; i < 16; ++i) x.data<float>()[i] = static_cast<float>(i);
  return x;
}

OpRunner aligned(int64_t opset, std::initializer_list<float> region) {
  OpRunner runner("RoiAlign", opset);
  runner.attr("output_height", int64_t{1})
      .attr("output_width", int64_t{1})
      .attr("sampling_ratio", int64_t{1})
      .input(counting())
      .input(Tensor::of<float>({1, 4}, region))
      .input(Tensor::of<int64_t>({1}, {0}));
  return runner;
}

TEST(RoiAlign, InterpolatesAtTheMiddleOfARegion) {
  EXPECT_THAT(valuesOf(aligned(16, {1, 1, 3, 3}).run()), ElementsAre(7.5));  // (1.5, 1.5): 5, 6, 9, 10
  EXPECT_THAT(valuesOf(aligned(10, {1, 1, 3, 3}).run()), ElementsAre(10));   // before opset 16 half a pixel further
}

TEST(RoiAlign, ARegionOfAnUnknownPictureIsRefused) {
  OpRunner runner("RoiAlign", 16);
  runner.input(counting()).input(Tensor::of<float>({1, 4}, {0, 0, 1, 1})).input(Tensor::of<int64_t>({1}, {1}));
  EXPECT_EQ(runner.refusal(), "a region lies in picture 1 of 1");
}

TEST(MaxRoiPool, TakesTheLargestOfEachBin) {
  // Columns 0 to 2 and rows 1 to 3 in 2 x 2 bins that share the middle line.
  const Tensor result = OpRunner("MaxRoiPool", 13)
                            .attr("pooled_shape", std::vector<int64_t>{2, 2})
                            .input(counting())
                            .input(Tensor::of<float>({1, 5}, {0, 0, 1, 2, 3}))
                            .run();
  EXPECT_EQ(result.shape(), (Shape{1, 1, 2, 2}));
  EXPECT_THAT(valuesOf(result), ElementsAre(9, 10, 13, 14));
}

TEST(MaxRoiPool, ABinOutsideThePictureIsZero) {
  const Tensor result = OpRunner("MaxRoiPool", 13)
                            .attr("pooled_shape", std::vector<int64_t>{1, 1})
                            .input(counting())
                            .input(Tensor::of<float>({1, 5}, {0, 8, 8, 9, 9}))
                            .run();
  EXPECT_THAT(valuesOf(result), ElementsAre(0));
}

}  // namespace
}  // namespace quant
