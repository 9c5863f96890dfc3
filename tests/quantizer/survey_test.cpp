#include "quantizer/survey.h"

#include <gtest/gtest.h>

#include "support/onnx_text.h"

namespace quant {
namespace {

ModelSurvey survey(const std::string& text) { return surveyModel(test::parseGraph(text)); }

TEST(SurveyModel, CountsConvolutionsAndWhatIsNoWeight) {
  const auto result = survey(R"(g (float[1,1,2,2] x) => (float[1,1,2,2] y)
      <float[1,1,1,1] w = {1}, float[1] b = {1}, int64[2] n = {1, 2}> { c = Conv(x, w, b)  y = Relu(c) })");
  EXPECT_EQ(result.kind, ModelKind::kConvolutional);
  EXPECT_EQ(result.parameters, 4);
  EXPECT_EQ(result.bytes.convolution, 4);
  EXPECT_EQ(result.bytes.other_float, 4);
  EXPECT_EQ(result.bytes.other, 16);
}

TEST(SurveyModel, KnowsATransformerByWhatSoftmaxWeighs) {
  const auto result = survey(R"(g (float[2,2] x, float[2,2] v) => (float[2,2] y)
      <float[2,2] w = {1, 2, 3, 4}> { q = MatMul(x, w)  s = Softmax(q)  y = MatMul(s, v) })");
  EXPECT_EQ(result.kind, ModelKind::kTransformer);
  EXPECT_EQ(result.bytes.product, 16);
}

TEST(SurveyModel, ASoftmaxBeforeAClassifierIsNoAttention) {
  EXPECT_EQ(survey(R"(g (float[2,2] x) => (float[2,2] y)
      <float[2,2] w = {1, 2, 3, 4}> { s = Softmax(x)  y = MatMul(s, w) })")
                .kind,
            ModelKind::kDense);
}

TEST(SurveyModel, CountsRecurrentWeightsAndEmbeddings) {
  const auto result = survey(R"(g (int64[1,1] i) => (float[1,1,1,1] y)
      <float[3,1] e = {1, 2, 3}, float[1,4,1] w = {1, 2, 3, 4}, float[1,4,1] r = {1, 2, 3, 4}>
      { x = Gather(e, i)  y = LSTM<hidden_size = 1>(x, w, r) })");
  EXPECT_EQ(result.kind, ModelKind::kRecurrent);
  EXPECT_EQ(result.bytes.embedding, 12);
  EXPECT_EQ(result.bytes.recurrent, 32);
}

TEST(SurveyModel, CountsIntegersOfAByteAsQuantizedAlready) {
  const auto result = survey(R"(g (float[2,2] x) => (float[2,2] y)
      <int8[2,2] q = {1, 2, 3, 4}, float s = {1}> { w = DequantizeLinear(q, s)  y = MatMul(x, w) })");
  EXPECT_EQ(result.bytes.small_integers, 4);
  EXPECT_EQ(result.bytes.other_float, 4);
}

}  // namespace
}  // namespace quant
