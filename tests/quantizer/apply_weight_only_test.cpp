#include "quantizer/apply_weight_only.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantizer/place_weight_only.h"
#include "quantizer/weight_only_testing.h"
#include "runtime/executor.h"

namespace quant {
namespace {

using test::graphWithWeights;
using test::opTypes;
using testing::ElementsAre;

constexpr const char* kProduct = "g (float[64,64] x) => (float[64,32] y) { y = MatMul(x, w) }";
const std::map<std::string, Shape> kProductWeights = {{"w", {64, 32}}};
constexpr const char* kLookUp = "g (int64[1,3] x) => (float[1,3,64] y) { y = Gather(w, x) }";
const std::map<std::string, Shape> kLookUpWeights = {{"w", {100, 64}}};

WeightOnlyOptions bits(int count, bool symmetric = false, OperatorFormat format = OperatorFormat::kAuto) {
  WeightOnlyOptions options;
  options.bits = count;
  options.symmetric = symmetric;
  options.format = format;
  return options;
}

Graph stored(const Graph& graph, const WeightOnlyOptions& options) {
  const QuantizationPlan plan = planWeightStorage(graph, options);
  Graph result = graph.clone();
  applyWeightStorage(result, plan, {});
  return result;
}

std::vector<float> run(const Graph& graph, const Tensor& x) {
  Executor executor(graph, {Backend::kReference, {}, true});
  NamedTensors inputs;
  inputs["x"] = x.alias();
  const auto outputs = executor.run(inputs);
  const auto values = outputs[0].data<float>();
  return {values.begin(), values.end()};
}

/// The root of the mean squared difference over that of the mean square.
double relativeError(const std::vector<float>& expected, const std::vector<float>& actual) {
  double error = 0, size = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    error += std::pow(expected[i] - actual.at(i), 2);
    size += std::pow(expected[i], 2);
  }
  return std::sqrt(error / size);
}

/// Whose product with the weights is the weights.
Tensor identity() {
  Tensor x(DataType::kFloat32, {64, 64});
  for (size_t i = 0; i < 64 * 64; ++i) x.data<float>()[i] = i % 65 == 0 ? 1 : 0;
  return x;
}

Tensor rowsToLookUp() { return Tensor::of<int64_t>({1, 3}, {99, 0, 42}); }

TEST(ApplyWeightOnly, AProductReadsDequantizedBytes) {
  const Graph before = graphWithWeights(kProduct, kProductWeights);
  const Graph after = stored(before, bits(8));
  EXPECT_THAT(opTypes(after), ElementsAre("DequantizeLinear", "MatMul"));
  EXPECT_FALSE(after.isConstant("w"));
  EXPECT_EQ(after.constant("w_quantized")->type(), DataType::kInt8);
  const Tensor x = identity();
  EXPECT_LT(relativeError(run(before, x), run(after, x)), 0.01);
}

TEST(ApplyWeightOnly, BlocksOfFourBitsCostMoreAndAreStillNear) {
  const Graph before = graphWithWeights(kProduct, kProductWeights, 21);
  const Tensor x = identity();
  for (const bool symmetric : {true, false}) {
    const Graph after = stored(before, bits(4, symmetric));
    EXPECT_THAT(opTypes(after), ElementsAre("DequantizeLinear", "MatMul"));
    EXPECT_EQ(after.nodes()[0]->attr("block_size", int64_t{0}), 32);
    EXPECT_EQ(after.nodes()[0]->inputCount(), symmetric ? 2 : 3);
    EXPECT_LT(relativeError(run(before, x), run(after, x)), 0.15) << symmetric;
  }
}

TEST(ApplyWeightOnly, RowsOfATableAreLookedUpAsBytes) {
  const Graph before = graphWithWeights(kLookUp, kLookUpWeights);
  const Graph after = stored(before, bits(8));
  EXPECT_THAT(opTypes(after), ElementsAre("Gather", "Cast", "Gather", "Mul"));
  EXPECT_LT(relativeError(run(before, rowsToLookUp()), run(after, rowsToLookUp())), 0.01);
}

TEST(ApplyWeightOnly, RowsOfBlocksAreTakenOutOfBytes) {
  const Graph before = graphWithWeights(kLookUp, kLookUpWeights, 18);
  for (const bool symmetric : {true, false}) {
    const Graph after = stored(before, bits(4, symmetric));
    EXPECT_LT(relativeError(run(before, rowsToLookUp()), run(after, rowsToLookUp())), 0.1) << symmetric;
  }
}

TEST(ApplyWeightOnly, ReadersOfOneAxisShareTheWeights) {
  const Graph before = graphWithWeights(
      "g (float[3,64] x) => (float[3,32] y) { a = MatMul(x, w) b = MatMul(x, w) y = Add(a, b) }", kProductWeights);
  EXPECT_THAT(opTypes(stored(before, bits(8))), ElementsAre("DequantizeLinear", "MatMul", "MatMul", "Add"));
}

TEST(ApplyWeightOnly, ATableThatIsAlsoAProductIsStoredOnceInBytes) {
  const Graph before = graphWithWeights(R"(g (int64[3] x) => (float[3,100] y) {
      e = Gather(w, x)
      y = Gemm<transB = 1>(e, w)
    })",
                                        kLookUpWeights);
  const Graph after = stored(before, bits(8));
  EXPECT_EQ(after.constants().size(), 3U);  // the integers, and scales [100] and [100, 1]
  const Tensor rows = rowsToLookUp().alias({3});
  EXPECT_LT(relativeError(run(before, rows), run(after, rows)), 0.01);
}

TEST(ApplyWeightOnly, TheVersionOfOperatorsIsWhatTheFormNeeds) {
  const Graph product = graphWithWeights(kProduct, kProductWeights),
              look_up = graphWithWeights(kLookUp, kLookUpWeights);
  const auto needed = [](const Graph& graph, const WeightOnlyOptions& options) {
    return opsetFor(planWeightStorage(graph, options));
  };
  EXPECT_EQ(needed(product, bits(8)), 13);
  EXPECT_EQ(needed(product, bits(4)), 21);
  EXPECT_EQ(needed(product, bits(4, false, OperatorFormat::kMicrosoft)), 13);
  EXPECT_EQ(needed(look_up, bits(4)), 18);
}

}  // namespace
}  // namespace quant
