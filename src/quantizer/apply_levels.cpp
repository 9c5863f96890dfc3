#include "quantizer/apply_levels.h"

#include "calibration/channel_levels.h"

namespace quant {

namespace {

/// The last of the inputs 1 (scale) and 2 (bias) of a LayerNormalization that both can take the division, else 0.
int lastFactor(const Graph& graph, const Node* producer, size_t channels) {
  if (producer == nullptr || !producer->is("LayerNormalization")) return 0;
  const int last = producer->hasInput(2) ? 2 : 1;
  for (int i = 1; i <= last; ++i) {
    const Tensor* constant = graph.constant(producer->input(i));
    if (constant == nullptr || constant->type() != DataType::kFloat32) return 0;
    if (constant->shape() != Shape{static_cast<int64_t>(channels)}) return 0;
  }
  return last;
}

}  // namespace

std::string divideByLevels(Graph& graph, const std::string& value, const std::vector<float>& levels, bool is_replaced) {
  const std::vector<float> factors = reciprocals(levels);
  std::string result = graph.uniqueName(value + "_levelled");
  Node* producer = graph.producer(value);
  const int last = is_replaced ? lastFactor(graph, producer, levels.size()) : 0;
  for (int i = 1; i <= last; ++i) {
    const std::string name = producer->input(i);
    graph.setInput(*producer, i,
                   graph.addConstant(name + "_levelled", multiplyChannels(*graph.constant(name), factors)));
  }
  if (last > 0) {
    graph.setOutput(*producer, 0, result);
    return result;
  }
  Tensor tensor = Tensor::of<float>({static_cast<int64_t>(factors.size())}, std::span<const float>(factors));
  graph.addNode(
      makeNode("Mul", {value, graph.addConstant(value + "_level", std::move(tensor))}, {result}, value + "_Level"));
  return result;
}

}  // namespace quant
