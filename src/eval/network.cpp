#include "eval/network.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/lowering/quantized_value.h"

namespace quant {

namespace {

/// An operator on integers, and the operator on reals that it computes.
struct Meaning {
  std::string_view op_type, computes;
  /// The input with the scale of its result, which the zero point follows; 0 where the result is no quantized tensor.
  /// Such an operator has the scale and the zero point of each quantized input right behind it.
  int result_scale = 0;
};

constexpr std::array kMeanings = {
    Meaning{"QLinearConv", "Conv", 6},
    Meaning{"ConvInteger", "Conv"},
    Meaning{"QLinearMatMul", "MatMul", 6},
    Meaning{"MatMulInteger", "MatMul"},
    Meaning{"MatMulNBits", "MatMul"},
    Meaning{"DynamicQuantizeMatMul", "MatMul"},
    Meaning{"MatMulIntegerToFloat", "MatMul"},
    Meaning{"QGemm", "Gemm", 7},
    Meaning{"QLinearAdd", "Add", 6},
    Meaning{"QLinearMul", "Mul", 6},
    Meaning{"QLinearSigmoid", "Sigmoid", 3},
    Meaning{"QLinearLeakyRelu", "LeakyRelu", 3},
    Meaning{"QLinearSoftmax", "Softmax", 3},
    Meaning{"QLinearConcat", "Concat"},
    Meaning{"QLinearAveragePool", "AveragePool", 3},
    Meaning{"QLinearGlobalAveragePool", "GlobalAveragePool", 3},
    Meaning{"DynamicQuantizeLSTM", "LSTM"},
    Meaning{"GatherBlockQuantized", "Gather"},
};

const Meaning* meaningIn(const Node& node) {
  const auto* found = std::ranges::find(kMeanings, std::string_view(node.opType()), &Meaning::op_type);
  return found == kMeanings.end() ? nullptr : found;
}

/// One scale for the whole tensor, with its 8-bit zero point behind it, among a node's inputs; both constant.
std::optional<QuantParams> paramsAt(const Graph& graph, const Node& node, int scale_input) {
  if (scale_input + 1 >= node.inputCount()) return std::nullopt;
  const Tensor* scale = graph.constant(node.input(scale_input));
  const Tensor* zero_point = graph.constant(node.input(scale_input + 1));
  if (scale == nullptr || zero_point == nullptr || scale->type() != DataType::kFloat32) return std::nullopt;
  if (scale->elementCount() != 1 || zero_point->elementCount() != 1) return std::nullopt;
  const float step = scale->data<float>()[0];
  if (!std::isfinite(step) || step <= 0) return std::nullopt;
  switch (zero_point->type()) {
    case DataType::kUInt8: return QuantParams(DataType::kUInt8, step, zero_point->data<uint8_t>()[0]);
    case DataType::kInt8: return QuantParams(DataType::kInt8, step, zero_point->data<int8_t>()[0]);
    default: return std::nullopt;
  }
}

bool isFloat(const Graph& graph, const std::string& value) {
  const auto type = graph.valueType(value);
  return type && isFloatingPoint(type->type);
}

/// Integers whose scale only a run can tell.
bool isQuantizedWhileRunning(const Graph& graph, const std::string& value) {
  const Node* producer = graph.producer(value);
  return producer != nullptr && producer->is("DynamicQuantizeLinear");
}

}  // namespace

std::string_view meaningOf(const Node& node) {
  const Meaning* meaning = meaningIn(node);
  return meaning == nullptr ? std::string_view(node.opType()) : meaning->computes;
}

bool isTransparent(const Graph& graph, const Node& node) {
  if (node.is("QuantizeLinear") || node.is("DequantizeLinear") || node.is("DynamicQuantizeLinear")) return true;
  if (node.is("Identity") || node.is("Dropout")) return true;
  return node.is("Cast") && isFloat(graph, node.input(0)) && isFloat(graph, node.output());
}

Network::Network(const Graph& graph) : graph_(graph.clone()) {
  const Graph& fixed = graph_;
  for (const Node* node : fixed.nodes()) {
    nodes_.push_back(node);
    const std::string from = node->inputCount() > 0 ? rootOf(node->input(0)) : "";
    const bool transparent = node->inputCount() > 0 && isTransparent(fixed, *node);
    for (int i = 0; i < node->outputCount(); ++i) {
      const std::string& output = node->output(i);
      if (output.empty()) continue;
      const bool is_parameter = transparent && i > 0;  // scale and zero point of a DynamicQuantizeLinear
      roots_[output] = is_parameter ? "" : transparent ? from : output;
      if (transparent && !is_parameter) forms_[from].push_back(output);
    }
    if (transparent) continue;
    if (isConstantNode(*node)) {
      for (int i = 0; i < node->outputCount(); ++i) constants_.insert(node->output(i));
    }
    const auto sources = sourcesOf(*node);
    if (!sources.empty()) readers_[sources.front()].push_back(node);
  }
}

bool Network::isTransparentNode(const Node& node) const { return node.inputCount() > 0 && isTransparent(graph_, node); }

std::string Network::rootOf(const std::string& value) const {
  const auto found = roots_.find(value);
  return found == roots_.end() ? value : found->second;
}

std::vector<std::string> Network::namesOf(const std::string& root) const {
  std::vector<std::string> names = {root};
  if (const auto found = forms_.find(root); found != forms_.end()) {
    names.insert(names.end(), found->second.begin(), found->second.end());
  }
  return names;
}

std::vector<std::string> Network::sourcesOf(const Node& node) const {
  std::vector<std::string> sources;
  for (int i = 0; i < node.inputCount(); ++i) {
    const std::string root = node.hasInput(i) ? rootOf(node.input(i)) : "";
    if (!root.empty() && !isConstant(root)) sources.push_back(root);
  }
  return sources;
}

std::vector<const Node*> Network::readersOf(const std::string& root) const {
  const auto found = readers_.find(root);
  return found == readers_.end() ? std::vector<const Node*>{} : found->second;
}

const Tensor* Network::weightsOf(const Node& node) const {
  const Tensor* largest = nullptr;
  for (int i = 0; i < node.inputCount(); ++i) {
    const Tensor* constant = node.hasInput(i) ? graph_.constant(rootOf(node.input(i))) : nullptr;
    if (constant != nullptr && (largest == nullptr || constant->elementCount() > largest->elementCount())) {
      largest = constant;
    }
  }
  return largest;
}

std::vector<RealValue> Network::formsOf(const std::string& root) {
  std::vector<RealValue> integers, others;
  std::vector<std::string> names = {root};
  if (const auto found = forms_.find(root); found != forms_.end()) {
    names.insert(names.end(), found->second.rbegin(), found->second.rend());
  }
  for (const std::string& name : names) {
    if (auto params = paramsOf(name)) {
      integers.push_back({name, std::move(params)});
    } else if (name != root && !isQuantizedWhileRunning(graph_, name)) {
      others.push_back({name, {}});
    }
  }
  integers.insert(integers.end(), others.begin(), others.end());
  if (!paramsOf(root)) integers.push_back({root, {}});
  return integers;
}

bool Network::isConstant(const std::string& value) const {
  return graph_.isConstant(value) || constants_.contains(value);
}

std::optional<QuantParams> Network::paramsOf(const std::string& value) {
  const Node* producer = graph_.producer(value);
  if (producer != nullptr && producer->is("QuantizeLinear")) {
    const auto quantized = quantizedBy(graph_, *producer);
    if (quantized && !quantized->params.axis()) return quantized->params;
  }
  if (const Meaning* meaning = producer == nullptr ? nullptr : meaningIn(*producer)) {
    if (meaning->result_scale > 0) return paramsAt(graph_, *producer, meaning->result_scale);
  }
  for (const Node* reader : graph_.consumers(value)) {
    if (auto params = paramsReadBy(*reader, value)) return params;
  }
  return std::nullopt;
}

std::optional<QuantParams> Network::paramsReadBy(const Node& reader, const std::string& value) {
  if (reader.is("DequantizeLinear") && reader.input(0) == value) {
    auto quantized = dequantizedFrom(graph_, reader.output());
    return quantized && !quantized->params.axis() ? std::optional(quantized->params) : std::nullopt;
  }
  const Meaning* meaning = meaningIn(reader);
  if (meaning == nullptr || meaning->result_scale == 0) return std::nullopt;
  for (int i = 0; i < reader.inputCount(); ++i) {
    if (reader.input(i) == value) return paramsAt(graph_, reader, i + 1);
  }
  return std::nullopt;
}

}  // namespace quant
