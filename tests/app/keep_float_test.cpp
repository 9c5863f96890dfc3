#include "app/keep_float.h"

#include <gtest/gtest.h>

#include <limits>

namespace quant {
namespace {

Verification verificationOf(std::initializer_list<float> expected, std::initializer_list<float> actual) {
  Verification verification;
  const auto size = static_cast<int64_t>(expected.size());
  OutputAgreement output{"y", {}, {}};
  output.agreement.add(Tensor::of<float>({size}, expected), Tensor::of<float>({size}, actual));
  verification.outputs.push_back(output);
  return verification;
}

TEST(WorstCosine, IsTheSmallestOfTheOutputs) {
  Verification verification = verificationOf({1, 0}, {1, 0});
  verification.outputs.push_back(verificationOf({3, 4}, {4, 3}).outputs[0]);  // (12 + 12) / 25
  EXPECT_NEAR(worstCosine(verification), 0.96, 1e-12);
}

TEST(WorstCosine, IsZeroWhereTheResultIsNoNumberAny) {
  EXPECT_EQ(worstCosine(verificationOf({1, 2}, {1, std::numeric_limits<float>::quiet_NaN()})), 0);
}

TEST(WorstCosine, IsOneForOutputsThatHoldNoFloats) {
  Verification verification;
  verification.outputs.push_back({"index", {}, {}});
  EXPECT_EQ(worstCosine(verification), 1);
}

const std::vector<LossyNode> kNodes = {
    {"a", "a", "Conv", 0.90}, {"b", "b", "Conv", 0.97}, {"c", "c", "Conv", 0.99}, {"d", "d", "Gemm", 0.995}};

TEST(CountToKeep, LeavesSoMuchLossAsIsAllowed) {
  EXPECT_EQ(countToKeep(kNodes, 0.98), 2);   // 0.01 + 0.005 are left
  EXPECT_EQ(countToKeep(kNodes, 0.994), 3);  // 0.005 is left
}

TEST(CountToKeep, IsZeroWhereAllOfThemTogetherAreAllowed) { EXPECT_EQ(countToKeep(kNodes, 0.8), 0); }

TEST(CountToKeep, EndsWithTheNodes) { EXPECT_EQ(countToKeep(kNodes, 1), 4); }

}  // namespace
}  // namespace quant
