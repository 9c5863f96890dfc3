#include <algorithm>
#include <cmath>

#include "runtime/executor.h"
#include "runtime/reference_testing.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::Op;

struct Moments {
  double mean = 0, deviation = 0, low = 0, high = 0;
};

Moments momentsOf(const Tensor& tensor) {
  const auto x = tensor.data<float>();
  Moments moments{0, 0, x[0], x[0]};
  double squares = 0;
  for (const float value : x) {
    moments.mean += value;
    squares += static_cast<double>(value) * value;
    moments.low = std::min<double>(moments.low, value);
    moments.high = std::max<double>(moments.high, value);
  }
  moments.mean /= static_cast<double>(x.size());
  moments.deviation = std::sqrt(squares / static_cast<double>(x.size()) - moments.mean * moments.mean);
  return moments;
}

TEST(RandomOps, NormalNumbersHaveTheirMeanAndDeviation) {
  const Tensor x = Op("RandomNormal").ints("shape", {100, 200}).attr("mean", 3.0).attr("scale", 0.5).run();
  EXPECT_EQ(x.shape(), (Shape{100, 200}));
  EXPECT_NEAR(momentsOf(x).mean, 3, 0.02);
  EXPECT_NEAR(momentsOf(x).deviation, 0.5, 0.02);
}

TEST(RandomOps, UniformNumbersFillTheirRange) {
  const Tensor x = Op("RandomUniform").ints("shape", {20000}).attr("low", -2.0).attr("high", 1.0).run();
  EXPECT_NEAR(momentsOf(x).mean, -0.5, 0.03);
  EXPECT_NEAR(momentsOf(x).deviation, 3 / std::sqrt(12), 0.02);
  EXPECT_GE(momentsOf(x).low, -2);
  EXPECT_LT(momentsOf(x).high, 1);
}

TEST(RandomOps, ShapesAndTypesAreThoseOfTheInput) {
  const Tensor x = Op("RandomNormalLike").input<float>({2, 3}, std::vector<float>(6)).run();
  EXPECT_EQ(x.shape(), (Shape{2, 3}));
  EXPECT_EQ(x.type(), DataType::kFloat32);
  const Tensor y = Op("RandomUniformLike").attr("dtype", 11).input<float>({2}, {0, 0}).run();
  EXPECT_EQ(y.type(), DataType::kFloat64);
}

TEST(RandomOps, GiveTheSameAtEveryRunAndOtherNumbersForOtherValues) {
  const Graph graph = test::parseGraph(R"(g (float[2,4] x) => (float[2,4] a, float[2,4] b, float[2,4] c, float[2,4] d) {
      a = RandomNormalLike(x) b = RandomNormalLike(x)
      c = RandomNormalLike<seed = 7.0>(x) d = RandomNormalLike<seed = 7.0>(x) })");
  NamedTensors inputs;
  inputs["x"] = Tensor(DataType::kFloat32, {2, 4});
  const auto numbers = [&](size_t output) {
    const auto outputs = Executor(graph, {Backend::kOneDnn, {}, true}).run(inputs);
    const auto x = outputs[output].data<float>();
    return std::vector<float>(x.begin(), x.end());
  };
  EXPECT_EQ(numbers(0), numbers(0));
  EXPECT_NE(numbers(0), numbers(1));
  EXPECT_EQ(numbers(2), numbers(3)) << "a seed of the model's own";
}

}  // namespace
}  // namespace quant
