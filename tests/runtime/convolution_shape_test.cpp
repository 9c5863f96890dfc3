#include "runtime/onednn/convolution_shape.h"

#include <gtest/gtest.h>

#include "runtime/executor.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

TEST(WithoutThreeTiles, MakesThreePicturesOfThreeTiles) {
  const auto shape = onednn::withoutThreeTiles(onednn::productShape(39, 64, 8));
  EXPECT_EQ(shape.src, (Shape{3, 64, 1, 13}));
  EXPECT_EQ(shape.dst, (Shape{3, 8, 1, 13}));
  EXPECT_EQ(shape.weights, (Shape{8, 64, 1, 1}));
}

TEST(WithoutThreeTiles, TakesThePositionsOfAllAxesTogether) {
  onednn::ConvolutionShape shape = onednn::productShape(1, 64, 8);
  shape.src = {2, 64, 6, 6};
  shape.dst = {2, 8, 6, 6};
  EXPECT_EQ(onednn::withoutThreeTiles(shape).src, (Shape{6, 64, 1, 12}));
}

TEST(WithoutThreeTiles, LeavesOtherNumbersOfTiles) {
  for (const int64_t rows : {0, 1, 16, 24, 30, 32, 49, 51, 80, 96, 784}) {
    EXPECT_EQ(onednn::withoutThreeTiles(onednn::productShape(rows, 64, 8)).src, (Shape{1, 64, 1, rows}));
  }
}

TEST(WithoutThreeTiles, LeavesStridesAndPadding) {
  onednn::ConvolutionShape strided = onednn::productShape(39, 64, 8);
  strided.window.strides = {2, 2};
  EXPECT_EQ(onednn::withoutThreeTiles(strided).src, strided.src);
  onednn::ConvolutionShape padded = onednn::productShape(39, 64, 8);
  padded.window.pads_end = {0, 1};
  EXPECT_EQ(onednn::withoutThreeTiles(padded).src, padded.src);
}

/// Tensor of `shape` with elements (i * 37) mod 251 - offset.
template <class T>
Tensor counted(Shape shape, int offset) {
  Tensor tensor(kDataTypeOf<T>, std::move(shape));
  int i = 0;
  for (T& x : tensor.data<T>()) x = static_cast<T>(i++ * 37 % 251 - offset);
  return tensor;
}

TEST(OneDnnProducts, OfAnyNumberOfRowsWriteTheirResultOnly) {
  Graph graph = test::parseGraph(R"(g (uint8[R,64] x) => (float[R,16] y)
      <float s = {0.05}, float t = {0.02}, uint8 z = {120}> {
        xd = DequantizeLinear(x, s, z)
        wd = DequantizeLinear(w, t)
        y = MatMul(xd, wd)
      })");
  graph.defineConstant("w", counted<int8_t>({64, 16}, 127));
  Executor fast(graph, {Backend::kOneDnn, {}, true}), exact(graph, {Backend::kReference, {}, false});
  for (int64_t rows = 1; rows <= 100; ++rows) {
    NamedTensors inputs;
    inputs["x"] = counted<uint8_t>({rows, 64}, 0);
    const Tensor actual = std::move(fast.run(inputs)[0]), expected = std::move(exact.run(inputs)[0]);
    for (int64_t i = 0; i < rows * 16; ++i) {
      const auto at = static_cast<size_t>(i);
      ASSERT_NEAR(actual.data<float>()[at], expected.data<float>()[at], 1e-3) << rows << " rows, element " << i;
    }
  }
}

}  // namespace
}  // namespace quant
