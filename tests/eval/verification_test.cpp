#include "eval/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/onnx_text.h"

namespace quant {
namespace {

/// Two samples: ones, and minus ones.
class TwoSamples final : public Dataset {
 public:
  explicit TwoSamples(Shape shape) : shape_(std::move(shape)) {}
  [[nodiscard]] size_t size() const override { return 2; }
  [[nodiscard]] Sample load(size_t index) const override {
    Sample sample;
    Tensor tensor(DataType::kFloat32, shape_);
    for (float& value : tensor.data<float>()) value = index == 0 ? 1 : -1;
    sample.inputs["x"] = std::move(tensor);
    return sample;
  }
  [[nodiscard]] DatasetKind kind() const override { return {}; }
  [[nodiscard]] const std::vector<std::string>& classes() const override { return classes_; }
  [[nodiscard]] std::string description() const override { return "two samples"; }
  [[nodiscard]] const std::optional<Preprocess>& preprocess() const override { return preprocess_; }

 private:
  Shape shape_;
  std::vector<std::string> classes_;
  std::optional<Preprocess> preprocess_;
};

// The first Conv is a group; behind the second stands an activation that no group takes in; the third writes float.
constexpr const char* kMixed = R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y)
  <float s = {0.0078125}, uint8 z = {128}, float ws = {0.0078125}, int8 wz = {0}, int8[1,1,1,1] w = {64}> {
    xq = QuantizeLinear(x, s, z)
    xd = DequantizeLinear(xq, s, z)
    wd = DequantizeLinear(w, ws, wz)
    [group] a = Conv(xd, wd)
    aq = QuantizeLinear(a, s, z)
    ad = DequantizeLinear(aq, s, z)
    [swish] b = Conv(ad, wd)
    h = HardSwish(b)
    hq = QuantizeLinear(h, s, z)
    hd = DequantizeLinear(hq, s, z)
    [last] y = Conv(hd, wd)
  })";

TEST(Verification, ListsConvolutionsThatRanInFloatAndTheirShareOfTheWork) {
  const Graph quantized = test::parseGraph(kMixed, 14);
  const TwoSamples dataset({1, 1, 2, 2});
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    const auto result = verify(runFloat(quantized, dataset, 2), quantized, backend, dataset);
    EXPECT_EQ(result.macs.total, 12);
    EXPECT_EQ(result.macs.int8, 4);
    ASSERT_EQ(result.float_nodes.size(), 2);
    EXPECT_THAT(result.float_nodes[0], testing::HasSubstr("swish ("));
    EXPECT_EQ(result.float_nodes[1], "last (Conv)");
  }
}

TEST(Verification, ComparesEachOutputOverAllSamples) {
  const Graph real = test::parseGraph("g (float[1,2] x) => (float[1,2] y) <float[2] c = {1, 0}> { y = Mul(x, c) }");
  const Graph other = test::parseGraph("g (float[1,2] x) => (float[1,2] y) <float[2] c = {1, 0.5}> { y = Mul(x, c) }");
  const TwoSamples dataset({1, 2});
  const auto result = verify(runFloat(real, dataset, 2), other, Backend::kReference, dataset);
  ASSERT_EQ(result.outputs.size(), 1);
  EXPECT_EQ(result.samples, 2);
  EXPECT_EQ(result.outputs[0].agreement.maxError(), 0.5);
  // (1, 0) and (1, 0.5); then (-1, 0) and (-1, -0.5): the largest element stays where it was.
  EXPECT_EQ(result.outputs[0].top1, 1.0);
}

}  // namespace
}  // namespace quant
