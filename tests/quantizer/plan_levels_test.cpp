#include "quantizer/plan_levels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantizer/place_dynamic.h"
#include "quantizer/plan.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::parseInferred;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

std::set<std::string> levellable(const std::string& text) {
  const Graph graph = parseInferred(text);
  return valuesToLevel(graph, place(graph, {}));
}

TEST(ValuesToLevel, AreThoseThatProductsWithWeightsRead) {
  EXPECT_THAT(levellable(R"(g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, 2, 3, 4}> {
      h = Tanh(x) y = MatMul(h, w) })"),
              ElementsAre("h"));
}

TEST(ValuesToLevel, AProductOfTwoActivationsReadsItsIntegersAsTheyAre) {
  const char* const text = R"(g (float[2,2] x) => (float[2,2] y) <float[2,2] w = {1, 2, 3, 4}> {
      h = Tanh(x) a = MatMul(h, w) t = Neg(h) b = MatMul(h, t) y = Sub(a, b) })";
  EXPECT_THAT(levellable(text), IsEmpty());
  const Graph graph = parseInferred(text);
  Int8Options weights_of_any_size;
  weights_of_any_size.selection.include_ops = {"MatMul"};
  EXPECT_THAT(valuesToLevel(graph, placeDynamic(graph, weights_of_any_size, {.two_activations = true})),
              Not(Contains("h")));
  EXPECT_THAT(valuesToLevel(graph, placeDynamic(graph, weights_of_any_size, {})), Contains("h"));
}

TEST(ValuesToLevel, FloatReadersDoNotMatter) {
  EXPECT_THAT(levellable(R"(g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, 2, 3, 4}> {
      h = Tanh(x) a = MatMul(h, w) y = Mul(a, h) })"),
              ElementsAre("h"));
}

TEST(ValuesToLevel, WhatIntegersAreMadeOfIsLeftAlone) {
  // The first Gemm's result is quantized because the second reads it: nothing fits between.
  EXPECT_THAT(
      levellable(R"(g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, 2, 3, 4}, float[2,2] v = {1, 2, 3, 5},
      float[2] b = {1, 2}> { h = Tanh(x) a = Gemm(h, w, b) r = Relu(a) y = Gemm(r, v, b) })"),
      ElementsAre("h"));
}

TEST(ValuesToLevel, ParametersThatAreSharedStay) {
  EXPECT_THAT(
      levellable(R"(g (float[2,2] x) => (float[2,2] y) <float[2,2] w = {1, 2, 3, 4}, float[2,2] v = {1, 2, 3, 5}> {
      h = Tanh(x) a = MatMul(h, w) t = Transpose(h) b = MatMul(t, v) y = Sub(a, b) })"),
      IsEmpty());
}

TEST(ValuesToLevel, WeightsOfManyProductsStayAsTheyAre) {
  EXPECT_THAT(levellable(R"(g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, 2, 3, 4}> {
      h = Tanh(x) a = MatMul(h, w) t = Exp(a) b = MatMul(t, w) u = Exp(b) y = MatMul(u, w) })"),
              IsEmpty());
}

TEST(ValuesToLevel, AConvHasItsChannelsElsewhere) {
  EXPECT_THAT(levellable(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y) <float[1,1,1,1] w = {1}> {
      h = Tanh(x) y = Conv(h, w) })"),
              IsEmpty());
}

constexpr const char* kProduct = R"(g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, 1, 1, -1}> {
    h = Tanh(x) y = MatMul(h, w) })";

TEST(PlanLevels, GiveAWideChannelALargerLevel) {
  const Graph graph = parseInferred(kProduct);
  const ChannelLevels levels = planLevels(graph, place(graph, {}), {{"h", {{-1, -100}, {1, 100}, {0.3, 9}}}});
  ASSERT_THAT(levels, testing::SizeIs(1));
  EXPECT_GT(levels.at("h")[1], 2 * levels.at("h")[0]);
}

TEST(PlanLevels, LeaveChannelsOfOneWidthAlone) {
  const Graph graph = parseInferred(kProduct);
  EXPECT_THAT(planLevels(graph, place(graph, {}), {{"h", {{-1, -1}, {1, 1}, {0.3, 0.3}}}}), IsEmpty());
}

}  // namespace
}  // namespace quant
