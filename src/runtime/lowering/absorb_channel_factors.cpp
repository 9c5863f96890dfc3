// Factors and shifts of channels around convolutions of integers, as NNCF leaves them: a BatchNormalization between a
// convolution and the QuantizeLinear of its result, and activations of depthwise convolutions with a scale for each
// channel. No integer operator has either, but the scales and the bias of the weights can hold both.
#include <algorithm>
#include <cmath>

#include "graph/channel_affine.h"
#include "graph/clamp.h"
#include "runtime/lowering/lowering.h"
#include "runtime/lowering/quantized_group.h"

namespace quant {

namespace {

/// Conv -> [BatchNormalization] -> clamps -> QuantizeLinear, with nothing else that reads what is between them.
struct Chain {
  Node* conv = nullptr;
  Node* batch_norm = nullptr;
  std::vector<Node*> clamps;
  std::vector<Range> ranges;
  Node* quantize = nullptr;
};

std::optional<Chain> chainFrom(Graph& graph, Node& conv, const std::set<std::string>& watched) {
  Chain chain{&conv, nullptr, {}, {}, nullptr};
  std::string current = conv.output();
  while (graph.hasSingleUse(current) && !watched.contains(current)) {
    Node* const reader = graph.consumers(current).front();
    if (reader->input(0) != current) return {};
    if (reader->is("QuantizeLinear")) {
      chain.quantize = reader;
      return chain;
    }
    if (reader->is("BatchNormalization") && chain.batch_norm == nullptr && chain.clamps.empty()) {
      chain.batch_norm = reader;
    } else if (const auto range = clampOf(graph, *reader)) {
      chain.clamps.push_back(reader);
      chain.ranges.push_back(*range);
    } else {
      return {};
    }
    current = reader->output();
  }
  return {};
}

/// Constant 8-bit weights with one scale, or one for each output channel.
std::optional<QuantizedValue> weightsOf(Graph& graph, const Node& conv) {
  auto weights = dequantizedFrom(graph, conv.input(1));
  if (!weights || !graph.isConstant(weights->value)) return {};
  if (!isAlongAxis(*weights, 0, graph.constant(weights->value)->rank())) return {};
  return weights;
}

/// The scale of output channel `c` after `factor` is taken in.
float scaleWith(const QuantizedValue& weights, size_t c, double factor) {
  return static_cast<float>(weights.params.scales()[weights.params.axis() ? c : 0] * std::abs(factor));
}

/// Scales stay normal numbers. The weights of channels whose factor is negative change their sign, which needs int8
/// around zero without -128.
bool canTakeFactors(const Graph& graph, const QuantizedValue& weights, const std::vector<double>& factors) {
  const Tensor& integers = *graph.constant(weights.value);
  if (integers.shape()[0] != std::ssize(factors)) return false;
  for (size_t c = 0; c < factors.size(); ++c) {
    if (!std::isnormal(scaleWith(weights, c, factors[c]))) return false;
  }
  if (std::ranges::all_of(factors, [](double factor) { return factor > 0; })) return true;
  if (integers.type() != DataType::kInt8) return false;
  const auto is_zero = [](int32_t zero_point) { return zero_point == 0; };
  return std::ranges::all_of(weights.params.zeroPoints(), is_zero) &&
         std::ranges::find(integers.data<int8_t>(), int8_t{-128}) == integers.data<int8_t>().end();
}

/// Lets `conv` read its weights times one factor for each output channel.
void multiplyWeights(Graph& graph, Node& conv, const QuantizedValue& weights, const std::vector<double>& factors) {
  const Tensor& integers = *graph.constant(weights.value);
  const auto channels = factors.size();
  Tensor scales(DataType::kFloat32, {std::ssize(factors)}), zeros(integers.type(), {std::ssize(factors)});
  for (size_t c = 0; c < channels; ++c) {
    scales.data<float>()[c] = scaleWith(weights, c, factors[c]);
    const int32_t zero_point = weights.params.zeroPoints()[weights.params.axis() ? c : 0];
    static_cast<uint8_t*>(zeros.bytes())[c] = static_cast<uint8_t>(zero_point);
  }
  std::string value = weights.value;
  if (std::ranges::any_of(factors, [](double f) { return f < 0; })) {
    Tensor turned(DataType::kInt8, integers.shape());
    const size_t row = integers.data<int8_t>().size() / channels;
    for (size_t i = 0; i < integers.data<int8_t>().size(); ++i) {
      const int8_t q = integers.data<int8_t>()[i];
      turned.data<int8_t>()[i] = static_cast<int8_t>(factors[i / row] < 0 ? -q : q);
    }
    value = graph.addConstant(value + "_turned", std::move(turned));
  }
  const std::string reals = graph.uniqueName(weights.value + "_multiplied");
  Node& dequantize = graph.addNode(makeNode("DequantizeLinear",
                                            {value, graph.addConstant(reals + "_scale", std::move(scales)),
                                             graph.addConstant(reals + "_zero_point", std::move(zeros))},
                                            {reals}, reals));
  dequantize.setAttr("axis", int64_t{0});
  graph.setInput(conv, 1, reals);
}

/// A depthwise convolution that reads `channels` channels of `value` and nothing else of it.
bool isDepthwiseOf(Graph& graph, const Node& node, const std::string& value, int64_t channels) {
  if (!node.is("Conv") || node.input(0) != value || node.attr("group", int64_t{1}) != channels) return false;
  const auto weights = weightsOf(graph, node);
  return weights && graph.constant(weights->value)->shape()[1] == 1;
}

/// A quantization with a scale for each channel, all with one zero point, that only depthwise convolutions read: the
/// integers can be taken as real numbers, and the scales for factors of those convolutions' weights.
class ChannelScales {
 public:
  ChannelScales(Graph& graph, Node& quantize, QuantParams params)
      : graph_(graph), quantize_(quantize), params_(std::move(params)) {}

  [[nodiscard]] std::span<const float> scales() const { return params_.scales(); }

  bool canMove(const std::vector<Range>& clamps, const std::set<std::string>& watched) {
    const std::string& integers = quantize_.output();
    const auto zeros = params_.zeroPoints();
    if (params_.axis() != 1 || std::ranges::count(zeros, zeros.front()) != std::ssize(zeros)) return false;
    if (graph_.isOutput(integers) || graph_.isCaptured(integers)) return false;
    for (Node* reader : graph_.consumers(integers)) {
      if (!takesScales(*reader, watched)) return false;
    }
    return std::ranges::all_of(clamps, [&](const Range& clamp) {
      return std::ranges::all_of(params_.scales(), [&](float scale) {
        return impliedBySaturation(clamp, QuantParams(params_.storage(), scale, params_.zeroPoint()));
      });
    });
  }

  /// All nodes around the integers have scale 1, and the weights of those who read them the scales.
  void moveIntoReaders() {
    Tensor zero(params_.storage(), {});
    *static_cast<uint8_t*>(zero.bytes()) = static_cast<uint8_t>(params_.zeroPoint());
    const std::string base = quantize_.output();
    const std::string scale = graph_.addConstant(base + "_unit", Tensor::scalar(1.0F));
    const std::string zero_point = graph_.addConstant(base + "_zero_point", std::move(zero));
    std::vector<Node*> nodes = graph_.consumers(base);
    nodes.push_back(&quantize_);
    for (Node* node : nodes) {
      graph_.setInput(*node, 1, scale);
      graph_.setInput(*node, 2, zero_point);
      node->removeAttr("axis");
    }
    for (Node* conv : convolutions_) multiplyWeights(graph_, *conv, *weightsOf(graph_, *conv), factorsFor(*conv));
  }

 private:
  /// A DequantizeLinear of the same parameters, with nothing but depthwise convolutions behind it.
  bool takesScales(const Node& reader, const std::set<std::string>& watched) {
    if (!reader.is("DequantizeLinear")) return false;
    const std::string& reals = reader.output();
    if (watched.contains(reals) || graph_.isOutput(reals) || graph_.isCaptured(reals)) return false;
    const auto src = dequantizedFrom(graph_, reals);
    if (!src || src->params != params_) return false;
    for (Node* conv : graph_.consumers(reals)) {
      if (!isDepthwiseOf(graph_, *conv, reals, std::ssize(params_.scales()))) return false;
      if (!canTakeFactors(graph_, *weightsOf(graph_, *conv), factorsFor(*conv))) return false;
      convolutions_.push_back(conv);
    }
    return true;
  }

  /// One for each output channel of a depthwise convolution, which may have several for each input channel.
  std::vector<double> factorsFor(const Node& conv) {
    const auto outputs = static_cast<size_t>(graph_.constant(weightsOf(graph_, conv)->value)->shape()[0]);
    std::vector<double> factors(outputs);
    for (size_t i = 0; i < outputs; ++i) factors[i] = params_.scales()[i / (outputs / params_.scales().size())];
    return factors;
  }

  Graph& graph_;
  Node& quantize_;
  QuantParams params_;
  std::vector<Node*> convolutions_;
};

/// Moves `affine`, what happens to the result of `conv`, into its weights and its bias.
void takeAffine(Graph& graph, Node& conv, const QuantizedValue& weights, const ChannelAffine& affine,
                const std::optional<Tensor>& bias) {
  Tensor shifted(DataType::kFloat32, {std::ssize(affine.scale)});
  for (size_t c = 0; c < affine.scale.size(); ++c) {
    const double before = bias ? bias->data<float>()[c] : 0;
    shifted.data<float>()[c] = static_cast<float>(before * affine.scale[c] + affine.shift[c]);
  }
  multiplyWeights(graph, conv, weights, affine.scale);
  graph.setInput(conv, 2, graph.addConstant(conv.output() + "_bias", std::move(shifted)));
}

void bypass(Graph& graph, Node& node) {
  graph.replaceUses(node.output(), node.input(0));
  graph.removeNode(node);
}

/// What the chain does to the channels before the scales of its QuantizeLinear; nothing when they do not fit `outputs`.
std::optional<ChannelAffine> affineOfChain(const Graph& graph, const Chain& chain, size_t outputs) {
  ChannelAffine affine{std::vector<double>(outputs, 1), std::vector<double>(outputs, 0)};
  if (chain.batch_norm == nullptr) return affine;
  auto normalized = affineOf(graph, *chain.batch_norm);
  return normalized && normalized->scale.size() == outputs ? normalized : std::nullopt;
}

bool absorb(Graph& graph, Node& conv, const std::set<std::string>& watched) {
  const auto chain = chainFrom(graph, conv, watched);
  const auto quantized = chain ? quantizedBy(graph, *chain->quantize) : std::nullopt;
  if (!quantized) return false;
  const bool has_channels = quantized->params.axis().has_value();
  if (chain->batch_norm == nullptr && !has_channels) return false;
  const auto weights = weightsOf(graph, conv);
  if (!weights || !dequantizedFrom(graph, conv.input(0))) return false;
  const auto outputs = static_cast<size_t>(graph.constant(weights->value)->shape()[0]);
  const auto bias = conv.hasInput(2) ? realBias(graph, conv.input(2)) : std::nullopt;
  if (conv.hasInput(2) && !(bias && bias->data<float>().size() == outputs)) return false;
  auto affine = affineOfChain(graph, *chain, outputs);
  if (!affine) return false;

  ChannelScales channels(graph, *chain->quantize, quantized->params);
  if (has_channels) {
    if (channels.scales().size() != outputs || !channels.canMove(chain->ranges, watched)) return false;
    for (size_t c = 0; c < outputs; ++c) {
      affine->scale[c] /= channels.scales()[c];
      affine->shift[c] /= channels.scales()[c];
    }
  }
  if (!canTakeFactors(graph, *weights, affine->scale)) return false;
  takeAffine(graph, conv, *weights, *affine, bias);
  if (chain->batch_norm != nullptr) bypass(graph, *chain->batch_norm);
  if (!has_channels) return true;
  for (Node* clamp : chain->clamps) bypass(graph, *clamp);
  channels.moveIntoReaders();
  return true;
}

}  // namespace

int absorbChannelFactors(Graph& graph, const std::set<std::string>& watched) {
  int absorbed = 0;
  for (Node* node : graph.nodes()) absorbed += node->is("Conv") && absorb(graph, *node, watched) ? 1 : 0;
  if (absorbed > 0) graph.removeUnused(watched);
  return absorbed;
}

}  // namespace quant
