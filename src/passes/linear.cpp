#include "passes/linear.h"

#include <algorithm>

#include "graph/constant_numbers.h"

namespace quant {

namespace {

/// The shape of constant floating point weights of at least `min_rank` axes, without empty ones.
std::optional<Shape> weightShape(const Graph& graph, const std::string& weights, size_t min_rank) {
  const auto type = graph.isConstant(weights) ? graph.valueType(weights) : std::nullopt;
  if (!type || !isFloatingPoint(type->type) || type->shape->size() < min_rank) return {};
  return elementCount(*type->shape) > 0 ? type->shape : std::nullopt;
}

/// [channels, inputs of the group, kernel...]
std::optional<Linear> conv(Graph& graph, Node& node) {
  const auto shape = weightShape(graph, node.input(1), 3);
  if (!shape) return {};
  const int64_t count = elementCount(*shape), channels = (*shape)[0];
  return Linear{.node = &node,
                .channels = channels,
                .rank = std::ssize(*shape),
                .from_last = std::ssize(*shape) - 2,
                .inner = count / channels,
                .group = count,
                .group_channels = channels};
}

/// [inputs, channels of the group, kernel...]; the groups follow each other along the inputs.
std::optional<Linear> convTranspose(Graph& graph, Node& node) {
  const auto shape = weightShape(graph, node.input(1), 3);
  const int64_t groups = node.attr("group", int64_t{1});
  if (!shape || groups < 1 || (*shape)[0] % groups != 0) return {};
  const int64_t count = elementCount(*shape), group_channels = (*shape)[1];
  return Linear{.node = &node,
                .channels = groups * group_channels,
                .rank = std::ssize(*shape),
                .from_last = std::ssize(*shape) - 2,
                .inner = count / (*shape)[0] / group_channels,
                .group = count / groups,
                .group_channels = group_channels};
}

/// [inputs, channels], or the other way round with transB.
std::optional<Linear> gemm(Graph& graph, Node& node) {
  const auto shape = weightShape(graph, node.input(1), 2);
  if (!shape || shape->size() != 2) return {};
  const bool is_transposed = node.attr("transB", int64_t{0}) != 0;
  const int64_t channels = (*shape)[is_transposed ? 0 : 1], inputs = (*shape)[is_transposed ? 1 : 0];
  return Linear{.node = &node,
                .channels = channels,
                .rank = 2,
                .inner = is_transposed ? inputs : 1,
                .group = channels * inputs,
                .group_channels = channels};
}

/// [..., inputs, channels]
std::optional<Linear> matMul(Graph& graph, Node& node) {
  const auto shape = weightShape(graph, node.input(1), 2);
  if (!shape) return {};
  const auto output = graph.valueType(node.output());
  return Linear{.node = &node,
                .channels = shape->back(),
                .rank = output && output->shape ? std::ssize(*output->shape) : -1,
                .group = elementCount(*shape),
                .group_channels = shape->back()};
}

ChannelAxis channelAxis(const Linear& linear) { return {linear.rank, linear.from_last, linear.channels}; }

std::optional<Linear> coreOf(Graph& graph, Node& node) {
  if (node.is("Conv")) return conv(graph, node);
  if (node.is("ConvTranspose")) return convTranspose(graph, node);
  if (node.is("Gemm")) return gemm(graph, node);
  if (node.is("MatMul")) return matMul(graph, node);
  return {};
}

/// Conv, ConvTranspose, Gemm or MatMul, with the bias that it reads itself.
std::optional<Linear> operatorBehind(Graph& graph, const std::string& value) {
  Node* node = graph.hasSingleUse(value) ? graph.producer(value) : nullptr;
  auto linear = node != nullptr ? coreOf(graph, *node) : std::nullopt;
  if (!linear) return {};
  linear->type = graph.valueType(node->input(1))->type;
  if (node->is("MatMul") || !node->hasInput(2)) return linear;
  const ChannelAxis axis = node->is("Gemm") ? channelAxis(*linear) : ChannelAxis{1, 0, linear->channels};
  const auto bias = perChannelConstant(graph, node->input(2), axis);
  if (!bias) return {};
  linear->bias = *bias;
  const double beta = node->is("Gemm") ? node->attr("beta", 1.0F) : 1;
  for (double& element : linear->bias) element *= beta;
  return linear;
}

/// MatMul, then Add of one constant for each channel.
std::optional<Linear> biasedMatMulBehind(Graph& graph, const std::string& value) {
  Node* add = graph.hasSingleUse(value) ? graph.producer(value) : nullptr;
  if (add == nullptr || !add->is("Add")) return {};
  const int constant = graph.isConstant(add->input(1)) ? 1 : 0;
  auto linear = operatorBehind(graph, add->input(1 - constant));
  if (!linear || !linear->node->is("MatMul")) return {};
  const auto bias = perChannelConstant(graph, add->input(constant), channelAxis(*linear));
  if (!bias) return {};
  linear->bias_add = add;
  linear->bias = *bias;
  return linear;
}

/// What replaces the constants; an empty one stays as it is.
struct NewConstants {
  std::optional<Tensor> weights, bias;
};

bool isAll(const std::vector<double>& values, double number) {
  return std::ranges::all_of(values, [&](double value) { return value == number; });
}

/// Walks the weights in their order, for a division for each of them costs more than all else.
void scaleChannels(std::vector<double>& weights, const Linear& linear, const std::vector<double>& scale) {
  auto weight = weights.begin();
  for (auto first = scale.begin(); weight != weights.end(); first += linear.group_channels) {
    const auto end_of_group = weight + linear.group;
    while (weight != end_of_group) {
      for (int64_t channel = 0; channel < linear.group_channels; ++channel) {
        const double factor = first[channel];
        for (int64_t i = 0; i < linear.inner; ++i) *weight++ *= factor;
      }
    }
  }
}

/// Nothing when an element is not finite in the weights' type.
std::optional<NewConstants> apply(const Graph& graph, const Linear& linear, const ChannelAffine& affine) {
  NewConstants made;
  if (!isAll(affine.scale, 1)) {
    const std::string& name = linear.node->input(1);
    auto weights = *realConstant(graph, name);
    scaleChannels(weights, linear, affine.scale);
    made.weights = realTensor(linear.type, *graph.valueType(name)->shape, weights);
    if (!made.weights) return {};
  }
  if (!linear.bias.empty() || !isAll(affine.shift, 0)) {
    auto bias = affine.shift;
    for (size_t c = 0; c < linear.bias.size(); ++c) bias[c] += linear.bias[c] * affine.scale[c];
    made.bias = realTensor(linear.type, {linear.channels}, bias);
    if (!made.bias) return {};
  }
  return made;
}

/// "conv1.weight" gives "conv1.weight_folded", however often it is folded.
std::string foldedName(const std::string& name) {
  const size_t suffix = name.rfind("_folded");
  return (suffix == std::string::npos ? name : name.substr(0, suffix)) + "_folded";
}

std::string biasName(const Linear& linear) {
  const Node& node = *linear.node;
  if (linear.bias_add != nullptr) {
    const bool is_second = linear.bias_add->input(0) == node.output();
    return foldedName(linear.bias_add->input(is_second ? 1 : 0));
  }
  return foldedName(node.hasInput(2) ? node.input(2) : node.input(1) + "_bias");
}

/// Gives the operator its bias, a MatMul by an Add that computes `result`; returns the node that holds it.
Node& setBias(Graph& graph, const Linear& linear, const std::string& bias, const std::string& result,
              const std::string& name) {
  Node& node = *linear.node;
  if (linear.bias_add != nullptr) {
    const std::string product = node.output();
    graph.setInput(*linear.bias_add, 0, product);
    graph.setInput(*linear.bias_add, 1, bias);
    return *linear.bias_add;
  }
  if (node.is("MatMul")) return graph.addNode(makeNode("Add", {node.output(), bias}, {result}, name));
  graph.setInput(node, 2, bias);
  if (node.is("Gemm")) node.removeAttr("beta");
  return node;
}

}  // namespace

std::optional<Linear> linearBehind(Graph& graph, const std::string& value) {
  auto linear = operatorBehind(graph, value);
  return linear ? linear : biasedMatMulBehind(graph, value);
}

bool foldInto(Graph& graph, const Linear& linear, const ChannelAffine& affine, Node& node) {
  auto made = apply(graph, linear, affine);
  if (!made) return false;
  const std::string result = node.output(), name = node.name();
  graph.removeNode(node);
  Node* last = linear.bias_add != nullptr ? linear.bias_add : linear.node;
  if (made->weights) {
    const std::string weights = graph.addConstant(foldedName(linear.node->input(1)), std::move(*made->weights));
    graph.setInput(*linear.node, 1, weights);
  }
  if (made->bias) {
    const std::string bias = graph.addConstant(biasName(linear), std::move(*made->bias));
    last = &setBias(graph, linear, bias, result, name);
  }
  graph.setOutput(*last, 0, result);
  return true;
}

}  // namespace quant
