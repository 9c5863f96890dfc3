#include "quantizer/apply_levels.h"

#include <algorithm>

#include "calibration/channel_levels.h"

namespace quant {

namespace {

/// Inputs of `producer` that its result is proportional to, one number for each channel, when they are constants.
std::vector<int> factorsOf(const Graph& graph, const Node& producer) {
  if (producer.is("LayerNormalization")) return producer.hasInput(2) ? std::vector{1, 2} : std::vector{1};
  if (producer.is("RMSNormalization") || producer.is("SimplifiedLayerNormalization")) return {1};
  if (producer.is("Mul")) return {graph.isConstant(producer.input(0)) ? 0 : 1};
  return {};
}

/// Those that can take the division by levels: all that the producer has, else none.
std::vector<int> constantFactors(const Graph& graph, const Node* producer, size_t channels) {
  if (producer == nullptr) return {};
  const std::vector<int> inputs = factorsOf(graph, *producer);
  const bool are_constant = std::ranges::all_of(inputs, [&](int input) {
    const Tensor* constant = graph.constant(producer->input(input));
    return constant != nullptr && constant->type() == DataType::kFloat32 &&
           constant->shape() == Shape{static_cast<int64_t>(channels)};
  });
  return are_constant ? inputs : std::vector<int>();
}

}  // namespace

std::string divideByLevels(Graph& graph, const std::string& value, const std::vector<float>& levels, bool is_replaced) {
  const std::vector<float> factors = reciprocals(levels);
  std::string result = graph.uniqueName(value + "_levelled");
  Node* producer = graph.producer(value);
  const auto inputs = is_replaced ? constantFactors(graph, producer, levels.size()) : std::vector<int>();
  for (const int i : inputs) {
    const std::string name = producer->input(i);
    graph.setInput(*producer, i,
                   graph.addConstant(name + "_levelled", multiplyChannels(*graph.constant(name), factors)));
  }
  if (!inputs.empty()) {
    graph.setOutput(*producer, 0, result);
    return result;
  }
  Tensor tensor = Tensor::of<float>({static_cast<int64_t>(factors.size())}, std::span<const float>(factors));
  graph.addNode(
      makeNode("Mul", {value, graph.addConstant(value + "_level", std::move(tensor))}, {result}, value + "_Level"));
  return result;
}

}  // namespace quant
