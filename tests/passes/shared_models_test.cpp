#include <fstream>
#include <map>

#include "pass_testing.h"
#include "passes/pass.h"
#include "support/shared_data.h"

namespace quant::test {
namespace {

Graph load(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  onnx::ModelProto model;
  if (!model.ParseFromIstream(&file)) throw std::runtime_error("cannot read " + path.string());
  return Graph(std::move(model));
}

std::map<std::string, int> histogram(const Graph& graph) {
  std::map<std::string, int> counts;
  for (const std::string& type : opTypes(graph)) ++counts[type];
  return counts;
}

/// Prepares the model, checks that its outputs stay, and returns it.
Graph prepared(const std::filesystem::path& path) {
  Graph graph = load(path);
  const Graph before = graph.clone();
  runPasses(graph, preparationPasses());
  expectSameOutputs(before, graph, 2e-5);
  return graph;
}

TEST(PreparedModel, EfficientNetLite0IsConvolutionsAndLittleElse) {
  SKIP_WITHOUT_SHARED("models/efficientnet_lite0.onnx");
  const Graph graph = prepared(sharedFolder() / "models/efficientnet_lite0.onnx");
  EXPECT_EQ(histogram(graph),
            (std::map<std::string, int>{
                {"Conv", 49}, {"Clip", 33}, {"Add", 9}, {"GlobalAveragePool", 1}, {"Reshape", 1}, {"Gemm", 1}}));
  EXPECT_THAT(ints(graph, graph.producer(graph.producer("logits")->input(0))->input(1)), ElementsAre(0, -1));
}

TEST(PreparedModel, ResNet8HasItsNormalizationInTheWeights) {
  SKIP_WITHOUT_SHARED("models/resnet8_cifar10.onnx");
  const Graph graph = prepared(sharedFolder() / "models/resnet8_cifar10.onnx");
  EXPECT_EQ(histogram(graph), (std::map<std::string, int>{{"Transpose", 1},
                                                          {"Conv", 9},
                                                          {"Relu", 7},
                                                          {"Add", 4},
                                                          {"AveragePool", 1},
                                                          {"Flatten", 1},
                                                          {"MatMul", 1},
                                                          {"Softmax", 1}}));
}

TEST(PreparedModel, MiniLmSplitsItsHeadsWithoutComputingShapes) {
  SKIP_WITHOUT_SHARED("models/minilm_l6.onnx");
  const Graph graph = prepared(sharedFolder() / "models/minilm_l6.onnx");
  int with_constant_target = 0;
  for (const Node* node : graph.nodes()) {
    if (node->is("Reshape") && graph.isConstant(node->input(1))) ++with_constant_target;
  }
  EXPECT_EQ(with_constant_target, 6 * 3 + 1);  // query, key and value of each layer, and one for the mask
  const auto counts = histogram(graph);
  EXPECT_EQ(counts.at("MatMul"), 6 * 8);
  EXPECT_EQ(counts.at("LayerNormalization"), 13);
  EXPECT_FALSE(counts.contains("Constant"));
}

TEST(PreparedModel, DigitsHasItsNormalizationInTheWeights) {
  const Graph graph = prepared(std::filesystem::path(QUANTIZE_SOURCE_DIR) / "models/digits/digits.onnx");
  EXPECT_EQ(histogram(graph), (std::map<std::string, int>{{"Conv", 7},
                                                          {"Relu", 7},
                                                          {"Add", 2},
                                                          {"MaxPool", 1},
                                                          {"GlobalAveragePool", 1},
                                                          {"Flatten", 1},
                                                          {"Gemm", 1}}));
}

}  // namespace
}  // namespace quant::test
