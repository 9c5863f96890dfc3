#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "graph/graph.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::parseGraph;
using test::parseInferred;
using ::testing::HasSubstr;

std::string messageOf(const std::string& text) {
  try {
    parseGraph(text).inferShapes();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    return error.what();
  }
  return "no error";
}

TEST(InferShapes, FindsTypesOfAllValues) {
  Graph graph = parseInferred(R"(g (float[1,3,8,8] x, float[4,3,3,3] w) => (y) { a = Conv(x, w)  y = Relu(a) })");
  EXPECT_EQ(graph.valueType("a"), (ValueType{DataType::kFloat32, Shape{1, 4, 6, 6}}));
  EXPECT_EQ(graph.valueType("y"), (ValueType{DataType::kFloat32, Shape{1, 4, 6, 6}}));
  EXPECT_TRUE(graph.valueType("y")->isStatic());
}

TEST(InferShapes, FollowsShapesThatTheGraphComputes) {
  Graph graph = parseInferred(R"(g (float[2,3,4] x) => (y) <int64[1] tail = {-1}> {
      s = Shape <start = 0, end = 1> (x)
      t = Concat <axis = 0> (s, tail)
      y = Reshape(x, t)
    })",
                              15);
  EXPECT_EQ(graph.valueType("y")->shape, (Shape{2, 12}));
}

TEST(InferShapes, LeavesUnknownSizesUnknownAndNamesThem) {
  Graph graph = parseInferred("g (float[N,3] x) => (y) { y = Relu(x) }");
  EXPECT_EQ(graph.valueType("y")->shape, (Shape{-1, 3}));
  EXPECT_FALSE(graph.valueType("y")->isStatic());
  EXPECT_EQ(graph.sizeName("y", 0), "N");
  EXPECT_EQ(graph.sizeName("y", 1), "");
}

TEST(InferShapes, UsesLargeConstantsOnlyByTheirShape) {
  Graph graph = parseGraph("g (float[1,3,32,32] x) => (y) { y = Conv(x, w) }");
  graph.defineConstant("w", Tensor(DataType::kFloat32, {16, 3, 5, 5}));
  EXPECT_EQ(graph.skeleton().graph().initializer_size(), 0);
  graph.inferShapes();
  EXPECT_EQ(graph.valueType("y")->shape, (Shape{1, 16, 28, 28}));
}

TEST(InferShapes, ReadsShapesWhoseDataWasAttached) {
  auto model = test::parseModel("g (float[2,6] x) => (y) <int64[2] s = {3, 4}> { y = Reshape(x, s) }");
  auto& s = *model.mutable_graph()->mutable_initializer(0);
  s.clear_int64_data();
  s.set_data_location(onnx::TensorProto::EXTERNAL);
  Graph graph(std::move(model));
  graph.attachData("s", Tensor::of<int64_t>({2}, {3, 4}));
  graph.inferShapes();
  EXPECT_EQ(graph.valueType("y")->shape, (Shape{3, 4}));
}

TEST(InferShapes, ShapesThatContradictNameTheNode) {
  EXPECT_EQ(
      messageOf("g (float[1,3,8,8] x, float[4,5,3,3] w) => (y) { [conv1] y = Conv(x, w) z = Add(x, w) }").substr(0, 58),
      "the model contradicts itself: node '(output z)' (Add): Inc");
  EXPECT_THAT(messageOf("g (float[2,3] a, float[4,5] b) => (y) { [mm] y = MatMul(a, b) }"),
              HasSubstr("the model contradicts itself: node 'mm' (MatMul): "));
}

TEST(InferShapes, ADeclaredOutputThatIsNotWhatComesOutIsRefused) {
  EXPECT_THAT(messageOf("g (float[2,3] x) => (float[2,4] y) { [r] y = Relu(x) }"),
              HasSubstr("node 'r' (Relu): Inferred shape and existing shape differ in dimension 1: (3) vs (4)"));
}

TEST(InferShapes, TypesThatContradictNameTheNode) {
  EXPECT_THAT(messageOf("g (float[2] x, int64[2] z) => (y) { [sum] y = Add(x, z) }"), HasSubstr("node 'sum' (Add): "));
}

TEST(InferShapes, IsOneLine) {
  const auto message =
      messageOf("g (float[2,3] a, float[4,5] b) => (y, z) { [m] y = MatMul(a, b) [n] z = MatMul(b, a) }");
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(InferShapes, PassesOverOperatorsOfOtherDomains) {
  Graph graph = parseInferred("g (float[2,3] x) => (y) { a = com.microsoft.Secret(x)  b = Relu(x)  y = Add(a, b) }");
  EXPECT_EQ(graph.valueType("a"), std::nullopt);
  EXPECT_EQ(graph.valueType("b")->shape, (Shape{2, 3}));
}

TEST(InferShapes, TrustsTheFileOnResultsOfOtherDomains) {
  Graph graph =
      parseInferred("g (float[2,3] x) => (y) <float[2,3] a> { a = com.microsoft.Secret(x)  y = Transpose(a) }");
  EXPECT_EQ(graph.valueType("y")->shape, (Shape{3, 2}));
}

TEST(InferShapes, DoesNotTrustTheFileOnResultsThatItCanInfer) {
  Graph graph = parseInferred("g (float[2,3] x) => (y) <float[7,7] a> { a = Relu(x)  y = Transpose(a) }");
  EXPECT_EQ(graph.valueType("a")->shape, (Shape{2, 3}));
}

TEST(InferShapes, GoesThroughOperatorsThatOnnxruntimeAdds) {
  Graph graph =
      parseGraph(R"(g (float16[B,4,64] x, float16[64] scale, float16[64,96] w, float16[96] bias, uint8[32,1,16] q,
                                float16[32] s) => (y) {
      n, , , sum = com.microsoft.SkipLayerNormalization(x, x, scale)
      a = com.microsoft.Attention<num_heads = 4>(n, w, bias)
      b = com.microsoft.MatMulNBits<K = 32, N = 48, bits = 4, block_size = 32>(a, q, s)
      y = Relu(b)
    })");
  graph.inferShapes();
  EXPECT_EQ(graph.valueType("sum"), (ValueType{DataType::kFloat16, Shape{-1, 4, 64}}));
  EXPECT_EQ(graph.valueType("a"), (ValueType{DataType::kFloat16, Shape{-1, 4, 32}}));
  EXPECT_EQ(graph.valueType("y"), (ValueType{DataType::kFloat16, Shape{-1, 4, 48}}));
}

}  // namespace
}  // namespace quant
