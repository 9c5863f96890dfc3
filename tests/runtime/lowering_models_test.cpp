// What lowering makes of whole networks: how many steps are left, and which nodes no step takes in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "onnx_io/load.h"
#include "passes/pass.h"
#include "runtime/executor.h"
#include "support/shared_data.h"

namespace quant {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

std::map<std::string, int> countOps(const Graph& graph) {
  std::map<std::string, int> counts;
  for (const Node* node : graph.nodes()) ++counts[node->opType()];
  return counts;
}

/// Steps by operator, of the model as calibration runs it.
std::map<std::string, int> stepsOf(const std::string& file) {
  Graph graph = load(test::sharedFolder() / "models" / file);
  runPasses(graph, preparationPasses());
  return countOps(Executor(graph).lowered());
}

TEST(LoweredModel, EfficientNetIsItsConvolutionsAndAPool) {
  SKIP_WITHOUT_SHARED("models/efficientnet_lite0.onnx");
  // 33 convolutions with a Clip, 9 of the other 16 with a residual.
  EXPECT_THAT(stepsOf("efficientnet_lite0.onnx"),
              UnorderedElementsAre(Pair("Conv", 7), Pair("FusedConv", 42), Pair("GlobalAveragePool", 1),
                                   Pair("Reshape", 1), Pair("Gemm", 1)));
}

TEST(LoweredModel, ResNetIsItsConvolutionsAndAHead) {
  SKIP_WITHOUT_SHARED("models/resnet8_cifar10.onnx");
  // Two convolutions on shortcuts have nothing behind them but the Add that the other branch takes.
  EXPECT_THAT(stepsOf("resnet8_cifar10.onnx"),
              UnorderedElementsAre(Pair("Transpose", 1), Pair("Conv", 2), Pair("FusedConv", 7), Pair("AveragePool", 1),
                                   Pair("Flatten", 1), Pair("FusedMatMul", 1), Pair("Softmax", 1)));
}

TEST(LoweredModel, ATransformersProductsTakeBiasResidualAndGeluAndItsAttentionIsOneStep) {
  SKIP_WITHOUT_SHARED("models/minilm_l6.onnx");
  const auto steps = stepsOf("minilm_l6.onnx");
  EXPECT_EQ(steps.at("FusedMatMul"), 6 * 6);
  EXPECT_EQ(steps.at("FusedAttention"), 6);
  for (const char* op : {"MatMul", "Softmax", "Transpose"}) EXPECT_FALSE(steps.contains(op)) << op;
  EXPECT_FALSE(steps.contains("Erf"));
  EXPECT_FALSE(steps.contains("Gelu"));
  EXPECT_EQ(steps.at("LayerNormalization"), 13);
}

}  // namespace
}  // namespace quant
