#pragma once

#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "runtime/executor.h"
#include "support/onnx_text.h"

namespace quant::test {

/// Uniform in [-1, 1], the same for the same seed.
inline Tensor randomTensor(const Shape& shape, unsigned seed) {
  std::mt19937 random(seed);
  Tensor tensor(DataType::kFloat32, shape);
  for (float& element : tensor.data<float>()) element = static_cast<float>(random()) / 2147483648.0F - 1;
  return tensor;
}

/// A graph from text in which the values named in `constants` are free: they become random initializers.
inline Graph graphWith(const std::string& text, const std::vector<std::pair<std::string, Shape>>& constants,
                       int opset = 13) {
  Graph graph = parseGraph(text, opset);
  unsigned seed = 1;
  for (const auto& [name, shape] : constants) graph.defineConstant(name, randomTensor(shape, seed++));
  return graph;
}

/// A random tensor for each graph input; sizes that only a run knows become 2.
inline NamedTensors randomInputs(const Graph& graph) {
  NamedTensors inputs;
  unsigned seed = 1000;
  for (const auto& name : graph.inputs()) {
    const ValueType type = graph.valueType(name).value();
    Shape shape = type.shape.value();
    for (int64_t& size : shape) size = size < 0 ? 2 : size;
    if (type.type == DataType::kFloat32) {
      inputs.emplace(name, randomTensor(shape, seed++));
    } else {
      Tensor tensor(type.type, shape);
      for (size_t i = 0; i < tensor.byteSize(); ++i) static_cast<char*>(tensor.bytes())[i] = 0;
      inputs.emplace(name, std::move(tensor));
    }
  }
  return inputs;
}

inline std::vector<Tensor> outputsOf(const Graph& graph, const NamedTensors& inputs) {
  ExecutorOptions options;
  options.backend = Backend::kReference;
  return Executor(graph, options).run(inputs);
}

/// The largest difference of two outputs, relative to the largest element.
inline double relativeDifference(const Tensor& before, const Tensor& after) {
  double largest = 1e-30, difference = 0;
  for (int64_t i = 0; i < before.elementCount(); ++i) {
    const double a = before.data<float>()[static_cast<size_t>(i)], b = after.data<float>()[static_cast<size_t>(i)];
    largest = std::max(largest, std::abs(a));
    difference = std::max(difference, std::abs(a - b));
  }
  return difference / largest;
}

/// Both graphs give the same outputs, up to rounding, for random inputs.
inline void expectSameOutputs(const Graph& before, const Graph& after, double tolerance = 1e-5) {
  const NamedTensors inputs = randomInputs(before);
  const auto expected = outputsOf(before, inputs), found = outputsOf(after, inputs);
  ASSERT_EQ(expected.size(), found.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(expected[i].shape(), found[i].shape());
    if (expected[i].type() != DataType::kFloat32) continue;
    EXPECT_LE(relativeDifference(expected[i], found[i]), tolerance);
  }
}

/// Runs one pass on a graph with inferred shapes, verifies what it left, and checks that the outputs stay. Returns how
/// many changes it made.
inline int runChecked(Graph& graph, int (*pass)(Graph&)) {
  graph.inferShapes();
  const Graph before = graph.clone();
  const int changes = pass(graph);
  graph.verify();
  expectSameOutputs(before, graph);
  return changes;
}

inline std::vector<float> floats(const Graph& graph, const std::string& value) {
  const Tensor* tensor = graph.constant(value);
  if (tensor == nullptr) return {};
  const auto elements = tensor->data<float>();
  return {elements.begin(), elements.end()};
}

inline std::vector<int64_t> ints(const Graph& graph, const std::string& value) {
  const Tensor* tensor = graph.constant(value);
  if (tensor == nullptr) return {};
  const auto elements = tensor->data<int64_t>();
  return {elements.begin(), elements.end()};
}

using testing::ElementsAre;
using testing::FloatNear;
using testing::IsEmpty;

}  // namespace quant::test
