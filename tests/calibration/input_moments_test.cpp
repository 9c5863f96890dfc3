#include "calibration/input_moments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/onnx_text.h"

namespace quant {
namespace {

using testing::ElementsAre;

Graph product() {
  return test::parseGraph(R"(g (float[N,2] x) => (float[N,1] y) <float[2,1] w = {1, 1}> {
    r = Relu(x)
    y = MatMul(r, w)
  })");
}

/// Two samples, of two rows and of one: (1, 2), (3, 0) and (-1, 4).
SampleSource samples() {
  return {
      2, [](size_t index) {
        Sample sample{std::to_string(index), {}, {}};
        sample.inputs["x"] = index == 0 ? Tensor::of<float>({2, 2}, {1, 2, 3, 0}) : Tensor::of<float>({1, 2}, {-1, 4});
        return sample;
      }};
}

InputMoments momentsOf(const std::string& value, const MomentsOptions& options = {}) {
  Graph graph = product();
  graph.inferShapes();
  return *collectMoments(graph, {value}, samples(), options).at(value);
}

TEST(InputMoments, AreMeansOverTheRowsOfAllSamples) {
  const InputMoments moments = momentsOf("r");  // (1, 2), (3, 0), (0, 4)
  EXPECT_EQ(moments.channels, 2U);
  EXPECT_FLOAT_EQ(moments.mean_squares[0], 10.0F / 3);
  EXPECT_FLOAT_EQ(moments.mean_squares[1], 20.0F / 3);
  EXPECT_FLOAT_EQ(moments.products[0], 10.0F / 3);
  EXPECT_FLOAT_EQ(moments.products[1], 2.0F / 3);
  EXPECT_FLOAT_EQ(moments.products[3], 20.0F / 3);
}

TEST(InputMoments, ProductsAreLeftOutWhereTheyTakeTooMuchMemory) {
  MomentsOptions options;
  options.max_bytes = 15;  // two channels take 16
  const InputMoments moments = momentsOf("r", options);
  EXPECT_TRUE(moments.products.empty());
  EXPECT_FLOAT_EQ(moments.mean_squares[0], 10.0F / 3);
}

TEST(InputMoments, TheModelsOutputsAreHandedOn) {
  MomentsOptions options;
  std::vector<float> sums;
  options.take_outputs = [&](size_t, std::vector<Tensor> outputs) {
    for (const float value : outputs.at(0).data<float>()) sums.push_back(value);
  };
  momentsOf("x", options);
  EXPECT_THAT(sums, ElementsAre(3, 3, 4));
}

TEST(InputMoments, SamplesWithNumbersThatAreNoneAreLeftOut) {
  Graph graph = product();
  graph.inferShapes();
  const SampleSource source{1, [](size_t) {
                              Sample sample{"0", {}, {}};
                              sample.inputs["x"] = Tensor::of<float>({1, 2}, {NAN, 1});
                              return sample;
                            }};
  EXPECT_EQ(collectMoments(graph, {"x"}, source, {}).at("x")->channels, 0U);
}

}  // namespace
}  // namespace quant
