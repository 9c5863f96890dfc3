#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "runtime/executor.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using testing::Contains;
using testing::Not;

constexpr const char* kConstants = R"(
  <float[5] f = {0.5, 2, -1, 0.01, 30}, float[1,1,5] f3 = {0.5, 2, -1, 0.01, 30}, float[3,1] column = {1, 2, 3},
   float one = {3}, float s = {0.03}, uint8 z = {120}, int8 j = {-9}>)";

Graph graphOf(const std::string& header, const std::string& body) {
  return test::parseInferred("g (" + header + kConstants + "{" + body + "}");
}

std::vector<std::string> stepsOf(const Graph& graph, const std::set<std::string>& watched = {}) {
  return test::opTypes(Executor(graph, {Backend::kOneDnn, watched, true}).lowered());
}

/// Numbers of all sizes, many of which saturate, with ties, a NaN and infinities.
Tensor someNumbers() {
  std::mt19937 random(3);
  Tensor tensor(DataType::kFloat32, {40, 3, 5});
  const auto x = tensor.data<float>();
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = std::normal_distribution<float>(0, i % 3 == 0 ? 0.5F : 40)(random);
    if (i % 7 == 0) x[i] = 0.015F * static_cast<float>(i);
  }
  x[0] = std::numeric_limits<float>::quiet_NaN();
  x[1] = std::numeric_limits<float>::infinity();
  x[2] = -x[1];
  return tensor;
}

class LevelledQuantization : public testing::TestWithParam<const char*> {};

TEST_P(LevelledQuantization, IsOneStepThatGivesTheSameIntegers) {
  const bool is_signed = std::string(GetParam()).find("s, j") != std::string::npos;
  const Graph graph =
      graphOf(is_signed ? "float[40,3,5] x) => (int8[40,3,5] y)" : "float[40,3,5] x) => (uint8[40,3,5] y)", GetParam());
  EXPECT_THAT(stepsOf(graph), testing::ElementsAre("LevelledQuantizeLinear"));
  const auto bytesFrom = [&](Backend backend) {
    NamedTensors inputs;
    inputs["x"] = someNumbers();
    const Tensor y = std::move(Executor(graph, {backend, {}, true}).run(inputs)[0]);
    const auto* const bytes = static_cast<const uint8_t*>(y.bytes());
    return std::vector<int>(bytes, bytes + y.elementCount());
  };
  EXPECT_EQ(bytesFrom(Backend::kOneDnn), bytesFrom(Backend::kReference));
}

INSTANTIATE_TEST_SUITE_P(Forms, LevelledQuantization,
                         testing::Values("m = Mul(x, f)  y = QuantizeLinear(m, s, z)",
                                         "m = Mul(f, x)  y = QuantizeLinear(m, s, z)",
                                         "m = Mul(x, f3)  y = QuantizeLinear(m, s, z)",
                                         "m = Mul(x, f)  y = QuantizeLinear(m, s, j)"));

TEST(LevelledQuantization, LeavesOtherProductsAlone) {
  const char* const header = "float[2,3,5] x) => (uint8[2,3,5] y)";
  for (const char* body :
       {"m = Mul(x, column)  y = QuantizeLinear(m, s, z)", "m = Mul(x, one)  y = QuantizeLinear(m, s, z)",
        "m = Mul(x, x)  y = QuantizeLinear(m, s, z)"}) {
    EXPECT_THAT(stepsOf(graphOf(header, body)), Not(Contains("LevelledQuantizeLinear"))) << body;
  }
  const Graph spread = graphOf("float[2,3,1] x) => (uint8[2,3,5] y)", "m = Mul(x, f)  y = QuantizeLinear(m, s, z)");
  EXPECT_THAT(stepsOf(spread), Not(Contains("LevelledQuantizeLinear")));
}

TEST(LevelledQuantization, LeavesAProductThatIsReadOtherwise) {
  const Graph read = graphOf("float[2,3,5] x) => (uint8[2,3,5] y, float[2,3,5] e)",
                             "m = Mul(x, f)  y = QuantizeLinear(m, s, z)  e = Exp(m)");
  EXPECT_THAT(stepsOf(read), Contains("Mul"));
  const Graph alone = graphOf("float[2,3,5] x) => (uint8[2,3,5] y)", "m = Mul(x, f)  y = QuantizeLinear(m, s, z)");
  EXPECT_THAT(stepsOf(alone, {"m"}), Contains("Mul"));
}

TEST(LevelledQuantization, TakesATensorWithoutElements) {
  const Graph graph = graphOf("float[N,5] x) => (uint8[N,5] y)", "m = Mul(x, f)  y = QuantizeLinear(m, s, z)");
  NamedTensors inputs;
  inputs["x"] = Tensor(DataType::kFloat32, {0, 5});
  Executor executor(graph, {Backend::kOneDnn, {}, true});
  EXPECT_EQ(executor.run(inputs)[0].shape(), (Shape{0, 5}));
}

}  // namespace
}  // namespace quant
