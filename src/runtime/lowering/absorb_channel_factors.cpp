// Factors and shifts of channels around convolutions of integers, as NNCF leaves them: a BatchNormalization between a
// convolution and the QuantizeLinear of its result, and activations of depthwise convolutions with a scale for each
// channel. No integer operator has either, but the scales and the bias of the weights can hold both.
#include <algorithm>
#include <cmath>

#include "graph/clamp.h"
#include "runtime/lowering/lowering.h"
#include "runtime/lowering/quantized_group.h"

namespace quant {

namespace {

/// y = factor[c] * x + shift[c] for each channel.
struct Affine {
  std::vector<double> factor, shift;
};

/// Conv -> [BatchNormalization] -> clamps -> QuantizeLinear, with nothing else that reads what is between them.
struct Chain {
  Node* conv = nullptr;
  Node* batch_norm = nullptr;
  std::vector<Node*> clamps;
  std::vector<Range> ranges;
  Node* quantize = nullptr;
};

std::optional<Affine> affineOf(const Graph& graph, const Node& batch_norm) {
  std::vector<std::span<const float>> vectors;
  for (int i = 1; i < 5; ++i) {
    const Tensor* constant = graph.constant(batch_norm.input(i));
    if (constant == nullptr || constant->type() != DataType::kFloat32) return {};
    vectors.push_back(constant->data<float>());
    if (vectors.back().size() != vectors.front().size()) return {};
  }
  if (batch_norm.outputCount() != 1 || batch_norm.attr("training_mode", int64_t{0}) != 0) return {};
  const double epsilon = batch_norm.attr("epsilon", 1e-5F);
  Affine affine;
  for (size_t c = 0; c < vectors[0].size(); ++c) {
    const double factor = vectors[0][c] / std::sqrt(vectors[3][c] + epsilon);
    affine.factor.push_back(factor);
    affine.shift.push_back(vectors[1][c] - vectors[2][c] * factor);
  }
  return affine;
}

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

/// The weights of channels whose factor is negative change their sign, which needs int8 around zero without -128.
bool canTakeFactors(const Graph& graph, const QuantizedValue& weights, const std::vector<double>& factors) {
  const Tensor& integers = *graph.constant(weights.value);
  if (integers.shape()[0] != std::ssize(factors)) return false;
  if (!std::ranges::all_of(factors, [](double f) { return std::isfinite(f) && f != 0; })) return false;
  if (std::ranges::all_of(factors, [](double f) { return f > 0; })) return true;
  return integers.type() == DataType::kInt8 &&
         std::ranges::count(weights.params.zeroPoints(), 0) == std::ssize(weights.params.zeroPoints()) &&
         std::ranges::find(integers.data<int8_t>(), int8_t{-128}) == integers.data<int8_t>().end();
}

void multiplyWeights(Graph& graph, Node& conv, const QuantizedValue& weights, const std::vector<double>& factors) {
  const Tensor& integers = *graph.constant(weights.value);
  const auto channels = factors.size();
  Tensor scales(DataType::kFloat32, {std::ssize(factors)}), zeros(integers.type(), {std::ssize(factors)});
  for (size_t c = 0; c < channels; ++c) {
    const size_t from = weights.params.axis() ? c : 0;
    scales.data<float>()[c] = static_cast<float>(weights.params.scales()[from] * std::abs(factors[c]));
    static_cast<uint8_t*>(zeros.bytes())[c] = static_cast<uint8_t>(weights.params.zeroPoints()[from]);
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

/// The scales of one quantization for each channel, where the integers can be taken as real numbers instead: all read
/// by depthwise convolutions, and with one zero point for all.
class ChannelScales {
 public:
  ChannelScales(Graph& graph, Node& quantize) : graph_(graph), quantize_(quantize) {}

  bool find(const std::vector<Range>& clamps, const std::set<std::string>& watched) {
    const std::string& integers = quantize_.output();
    if (graph_.isOutput(integers) || graph_.isCaptured(integers) || graph_.consumers(integers).empty()) return false;
    for (Node* reader : graph_.consumers(integers)) {
      if (!isReadByDepthwise(*reader, watched)) return false;
    }
    for (const Range& clamp : clamps) {
      for (size_t c = 0; c < scales_.size(); ++c) {
        if (!impliedBySaturation(clamp, QuantParams(storage_, scales_[c], zero_point_))) return false;
      }
    }
    return true;
  }

  [[nodiscard]] const std::vector<float>& scales() const { return scales_; }

  /// All nodes around the integers have scale 1, and the weights of those who read them the scales.
  void moveIntoReaders() {
    Tensor zero(storage_, {});
    *static_cast<uint8_t*>(zero.bytes()) = static_cast<uint8_t>(zero_point_);
    const std::string base = quantize_.output();
    const std::string scale = graph_.addConstant(base + "_unit", Tensor::scalar(1.0F));
    const std::string zero_point = graph_.addConstant(base + "_zero_point", std::move(zero));
    std::vector<Node*> readers = graph_.consumers(base);
    readers.push_back(&quantize_);
    for (Node* node : readers) {
      graph_.setInput(*node, 1, scale);
      graph_.setInput(*node, 2, zero_point);
      node->removeAttr("axis");
    }
    for (Node* conv : convolutions_) {
      const auto weights = weightsOf(graph_, *conv);
      const auto outputs = static_cast<size_t>(graph_.constant(weights->value)->shape()[0]);
      std::vector<double> factors(outputs);
      for (size_t i = 0; i < outputs; ++i) factors[i] = scales_[i / (outputs / scales_.size())];
      multiplyWeights(graph_, *conv, *weights, factors);
    }
  }

 private:
  bool isReadByDepthwise(const Node& reader, const std::set<std::string>& watched) {
    if (!reader.is("DequantizeLinear") || reader.inputCount() != 3) return false;
    const std::string& reals = reader.output();
    if (watched.contains(reals) || graph_.isOutput(reals) || graph_.isCaptured(reals)) return false;
    const auto src = dequantizedFrom(graph_, reals);
    if (!src || src->params.axis() != 1 || !describesTheIntegers(src->params)) return false;
    for (Node* conv : graph_.consumers(reals)) {
      if (!isDepthwiseOf(graph_, *conv, reals, std::ssize(scales_))) return false;
      convolutions_.push_back(conv);
    }
    return true;
  }

  /// QuantizeLinear and every DequantizeLinear must agree.
  bool describesTheIntegers(const QuantParams& params) {
    const auto zeros = params.zeroPoints();
    if (std::ranges::count(zeros, zeros.front()) != std::ssize(zeros)) return false;
    const Tensor* scale = graph_.constant(quantize_.input(1));
    if (scale == nullptr || scale->type() != DataType::kFloat32 || quantize_.attr("axis", int64_t{1}) != 1 ||
        !std::ranges::equal(scale->data<float>(), params.scales())) {
      return false;
    }
    const Tensor* zero = quantize_.hasInput(2) ? graph_.constant(quantize_.input(2)) : nullptr;
    if (zero == nullptr || zero->type() != params.storage()) return false;
    const auto* const bytes = static_cast<const uint8_t*>(zero->bytes());
    if (zero->elementCount() != std::ssize(zeros)) return false;
    for (size_t i = 0; i < zeros.size(); ++i) {
      if (bytes[i] != static_cast<uint8_t>(zeros[i])) return false;
    }
    storage_ = params.storage();
    zero_point_ = zeros.front();
    scales_.assign(params.scales().begin(), params.scales().end());
    return true;
  }

  Graph& graph_;
  Node& quantize_;
  DataType storage_ = DataType::kUInt8;
  int32_t zero_point_ = 0;
  std::vector<float> scales_;
  std::vector<Node*> convolutions_;
};

/// Conv, with new weights and bias, takes the place of itself and of what stands between it and the QuantizeLinear.
void takeInto(Graph& graph, const Chain& chain, const QuantizedValue& weights, const Affine& affine,
              const std::optional<Tensor>& bias, bool drops_clamps) {
  Tensor shifted(DataType::kFloat32, {std::ssize(affine.factor)});
  for (size_t c = 0; c < affine.factor.size(); ++c) {
    const double before = bias ? bias->data<float>()[c] : 0;
    shifted.data<float>()[c] = static_cast<float>(before * affine.factor[c] + affine.shift[c]);
  }
  multiplyWeights(graph, *chain.conv, weights, affine.factor);
  graph.setInput(*chain.conv, 2, graph.addConstant(chain.conv->output() + "_bias", std::move(shifted)));
  std::vector<Node*> gone;
  if (chain.batch_norm != nullptr) gone.push_back(chain.batch_norm);
  if (drops_clamps) gone.insert(gone.end(), chain.clamps.begin(), chain.clamps.end());
  for (Node* node : gone) {
    graph.replaceUses(node->output(), node->input(0));
    graph.removeNode(*node);
  }
}

bool absorb(Graph& graph, Node& conv, const std::set<std::string>& watched) {
  const auto chain = chainFrom(graph, conv, watched);
  if (!chain) return false;
  const Tensor* scale = graph.constant(chain->quantize->input(1));
  const bool has_channels = scale != nullptr && scale->elementCount() > 1;
  if (chain->batch_norm == nullptr && !has_channels) return false;
  const auto weights = weightsOf(graph, conv);
  if (!weights || !dequantizedFrom(graph, conv.input(0))) return false;
  const auto bias = conv.hasInput(2) ? realBias(graph, conv.input(2)) : std::nullopt;
  if (conv.hasInput(2) && !bias) return false;

  const auto outputs = static_cast<size_t>(graph.constant(weights->value)->shape()[0]);
  Affine affine{std::vector<double>(outputs, 1), std::vector<double>(outputs, 0)};
  if (chain->batch_norm != nullptr) {
    const auto normalized = affineOf(graph, *chain->batch_norm);
    if (!normalized || normalized->factor.size() != outputs) return false;
    affine = *normalized;
  }
  ChannelScales scales(graph, *chain->quantize);
  if (has_channels) {
    if (!scales.find(chain->ranges, watched) || scales.scales().size() != outputs) return false;
    for (size_t c = 0; c < outputs; ++c) {
      affine.factor[c] /= scales.scales()[c];
      affine.shift[c] /= scales.scales()[c];
    }
  }
  if (bias && bias->data<float>().size() != outputs) return false;
  if (!canTakeFactors(graph, *weights, affine.factor)) return false;
  takeInto(graph, *chain, *weights, affine, bias, has_channels);
  if (has_channels) scales.moveIntoReaders();
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
