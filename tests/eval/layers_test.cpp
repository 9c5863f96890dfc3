#include "eval/layers.h"

#include <gmock/gmock.h>

#include <cmath>

#include "support/onnx_text.h"
#include "support/two_samples.h"

namespace quant {
namespace {

/// The step that stands for `value` of the baseline; null when none does.
const LayerResult* layerOf(const std::vector<LayerResult>& layers, const std::string& value) {
  const auto found = std::ranges::find(layers, value, &LayerResult::baseline_value);
  return found == layers.end() ? nullptr : &*found;
}

// The samples are ones and minus ones. 0.75 is between two levels of the grid: h becomes 0.5 * round(1.5) = 1 or 0.
TEST(MeasureLayers, ComparesIntegersAsTheRealsTheyStandFor) {
  const Graph real =
      test::parseGraph("g (float[1,1] x) => (float[1,1] y) <float[1,1] w = {0.75}> { h = MatMul(x, w) y = Relu(h) }");
  const Graph quantized = test::parseGraph(R"(g (float[1,1] x) => (float[1,1] y)
    <float one = {1}, int8 z = {0}, float half = {0.5}, float quarter = {0.25}, int8[1,1] w = {3}> {
      xq = QuantizeLinear(x, one, z)
      xd = DequantizeLinear(xq, one, z)
      wd = DequantizeLinear(w, quarter, z)
      a = MatMul(xd, wd)
      aq = QuantizeLinear(a, half, z)
      ad = DequantizeLinear(aq, half, z)
      y = Relu(ad) })");
  const test::TwoSamples samples({1, 1});
  const Subject baseline{"real", &real, &samples}, subject{"quantized", &quantized, &samples};
  const auto layers = measureLayers(subject, &baseline, {2, 1, nullptr});
  const LayerResult* layer = layerOf(layers, "h");
  ASSERT_NE(layer, nullptr);
  EXPECT_EQ(layer->type, "int8");
  EXPECT_NEAR(layer->max_error, 0.25, 1e-6);  // 0.75 and 1
  EXPECT_NEAR(layer->sqnr, 20 * std::log10(0.75 / 0.25), 1e-4);
  EXPECT_EQ(layerOf(layers, "x")->sqnr, INFINITY);
}

TEST(MeasureLayers, ComparesNothingWithoutABaseline) {
  const Graph graph = test::parseGraph("g (float[1,2] x) => (float[1,2] y) { y = Relu(x) }");
  const test::TwoSamples samples({1, 2});
  const auto layers = measureLayers({"m", &graph, &samples}, nullptr, {2, 3, nullptr});
  ASSERT_EQ(layers.size(), 1);
  EXPECT_EQ(layers[0].baseline_value, "");
  EXPECT_EQ(layers[0].value, "y");
  EXPECT_EQ(layers[0].time_share, 1);
}

}  // namespace
}  // namespace quant
