#pragma once

#include <cmath>
#include <map>
#include <string>

#include "support/onnx_text.h"

namespace quant::test {

/// Numbers from -1 to 1 without a pattern that blocks could follow.
inline Tensor wave(Shape shape) {
  Tensor tensor(DataType::kFloat32, std::move(shape));
  float i = 0;
  for (float& value : tensor.data<float>()) value = std::sin(1.3F * i++);
  return tensor;
}

/// The graph of `text` with constants of the given shapes, which may be too large to write down.
inline Graph graphWithWeights(const std::string& text, const std::map<std::string, Shape>& weights, int opset = 13) {
  Graph graph = parseGraph(text, opset);
  for (const auto& [name, shape] : weights) graph.defineConstant(name, wave(shape));
  graph.inferShapes();
  return graph;
}

}  // namespace quant::test
