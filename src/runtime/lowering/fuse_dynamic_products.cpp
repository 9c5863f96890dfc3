// Products of 8-bit integers whose scales come from a DynamicQuantizeLinear, as ONNX and as onnxruntime write them.
#include <algorithm>

#include "runtime/lowering/lowering.h"
#include "runtime/lowering/product_chain.h"

namespace quant {

namespace {

constexpr std::string_view kMicrosoft = "com.microsoft";

bool isContributed(const Node& node, std::string_view op_type) {
  return node.opType() == op_type && node.domain() == kMicrosoft;
}

/// The single float scale of a whole tensor.
bool isSingleScale(const Graph& graph, const std::string& value) {
  if (const Tensor* constant = graph.constant(value)) {
    return constant->type() == DataType::kFloat32 && constant->elementCount() == 1 && constant->rank() <= 1;
  }
  const Node* producer = graph.producer(value);
  return producer != nullptr && producer->is("DynamicQuantizeLinear") && producer->output(1) == value;
}

/// What the sums are multiplied with: the scales of A and of B.
struct Scales {
  std::string a, b;
};

/// `channel_shape` is that of one number for each output channel, as it meets the sums.
bool isWeightScale(const Graph& graph, const std::string& value, const Shape& channel_shape) {
  const Tensor* constant = graph.constant(value);
  return constant != nullptr && constant->type() == DataType::kFloat32 && constant->shape() == channel_shape;
}

std::optional<Scales> scalesOf(const Graph& graph, const std::string& product, const Shape& channel_shape) {
  const Node* mul = graph.producer(product);
  if (mul == nullptr || !mul->is("Mul")) return {};
  const std::string &first = mul->input(0), &second = mul->input(1);
  const auto fits = [&](const std::string& value) {
    return isSingleScale(graph, value) || isWeightScale(graph, value, channel_shape);
  };
  const bool first_is_weights = graph.isConstant(first) && !graph.isConstant(second);
  if (!first_is_weights && isSingleScale(graph, first) && fits(second)) return Scales{first, second};
  if (isSingleScale(graph, second) && fits(first)) return Scales{second, first};
  return {};
}

/// One number for each output channel of a MatMulInteger or ConvInteger; [] when nobody knows how many there are.
Shape channelShape(const Graph& graph, const Node& node) {
  const Tensor* weights = graph.constant(node.input(1));
  if (weights == nullptr || weights->rank() < 2) return {};
  if (node.is("MatMulInteger")) return {weights->shape().back()};
  Shape shape(weights->shape().size() - 1, 1);
  shape[0] = weights->shape()[0];
  return shape;
}

bool isSingleOrAbsent(const Graph& graph, const std::string& zero_point) {
  if (zero_point.empty()) return true;
  if (const Tensor* constant = graph.constant(zero_point)) return constant->elementCount() == 1;
  const Node* producer = graph.producer(zero_point);
  return producer != nullptr && producer->is("DynamicQuantizeLinear");
}

/// The zero point that a node leaves out.
std::string zeroPointOr0(Graph& graph, const std::string& zero_point) {
  return zero_point.empty() ? graph.addConstant("zero_point_0", Tensor::scalar<uint8_t>(0)) : zero_point;
}

//   sums = MatMulInteger(a, b, za, zb)     r = Cast(sums)     y = r * (sa * sb)     y + bias     activation
//   becomes    QMatMul(a, sa, za, b, sb, zb, bias)
bool fuseScaledSums(Graph& graph, Node& node, const std::set<std::string>& watched) {
  ProductChain chain(graph, node, watched);
  Node* cast = soleReader(graph, chain.result(), watched);
  if (cast == nullptr || !cast->is("Cast") || cast->attr("to", int64_t{0}) != onnx::TensorProto::FLOAT) return false;
  Node* mul = soleReader(graph, cast->output(), watched);
  if (mul == nullptr || !mul->is("Mul")) return false;
  const Shape channels = channelShape(graph, node);
  const auto scales = scalesOf(graph, mul->input(mul->input(0) == cast->output() ? 1 : 0), channels);
  if (!scales || !isSingleOrAbsent(graph, node.input(2))) return false;
  if (node.is("ConvInteger") && channels.empty()) return false;
  chain.take(*cast);
  chain.take(*mul);
  if (!channels.empty()) chain.takeAddend(channels);
  chain.takeActivation();
  chain.replace(
      node.is("ConvInteger") ? "QConv" : "QMatMul",
      {node.input(0), scales->a, zeroPointOr0(graph, node.input(2)), node.input(1), scales->b, node.input(3)});
  return true;
}

/// True where the scale of B has one number for each column of a constant matrix, or one.
bool hasColumnScale(const Graph& graph, const std::string& b, const std::string& scale) {
  if (isSingleScale(graph, scale)) return true;
  const Tensor* weights = graph.constant(b);
  return weights != nullptr && weights->rank() == 2 && isWeightScale(graph, scale, {weights->shape()[1]});
}

void finish(ProductChain& chain, const Graph& graph, const Names& operands) {
  const Tensor* weights = graph.constant(operands[3]);
  if (weights != nullptr && weights->rank() == 2) chain.takeBiasRow(weights->shape()[1]);
  chain.takeActivation();
  chain.replace("QMatMul", operands);
}

/// com.microsoft's MatMulIntegerToFloat(A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias)
bool fuseMatMulIntegerToFloat(Graph& graph, Node& node, const std::set<std::string>& watched) {
  if (!isSingleScale(graph, node.input(2)) || !isSingleOrAbsent(graph, node.input(4))) return false;
  if (!hasColumnScale(graph, node.input(1), node.input(3))) return false;
  ProductChain chain(graph, node, watched);
  if (node.hasInput(6) && !chain.takeBiasInput(node.input(6))) return false;
  const Names operands{node.input(0), node.input(2), zeroPointOr0(graph, node.input(4)),
                       node.input(1), node.input(3), node.input(5)};
  if (!node.hasInput(6)) {
    finish(chain, graph, operands);
    return true;
  }
  chain.takeActivation();
  chain.replace("QMatMul", operands);
  return true;
}

/// com.microsoft's DynamicQuantizeMatMul(A, B, b_scale, b_zero_point, bias) becomes a DynamicQuantizeLinear, which
/// others may share, and MatMulIntegerToFloat.
bool splitDynamicQuantizeMatMul(Graph& graph, Node& node) {
  const std::string base = node.input(0);
  Names quantized;
  for (const Node* reader : graph.consumers(base)) {
    if (!reader->is("DynamicQuantizeLinear")) continue;
    quantized.assign(reader->proto().output().begin(), reader->proto().output().end());
  }
  if (quantized.size() != 3 || std::ranges::count(quantized, "") > 0) {
    quantized = {graph.uniqueName(base + "_quantized"), graph.uniqueName(base + "_scale"),
                 graph.uniqueName(base + "_zero_point")};
    graph.addNode(makeNode("DynamicQuantizeLinear", {base}, quantized, base + "_DynamicQuantizeLinear"));
  }
  graph.replaceNode(
      node,
      {makeNode("MatMulIntegerToFloat",
                {quantized[0], node.input(1), quantized[1], node.input(2), quantized[2], node.input(3), node.input(4)},
                {node.output()}, node.name(), kMicrosoft)});
  return true;
}

bool fuseProduct(Graph& graph, Node& node, const std::set<std::string>& watched) {
  if (node.is("MatMulInteger") || node.is("ConvInteger")) return fuseScaledSums(graph, node, watched);
  return isContributed(node, "MatMulIntegerToFloat") && fuseMatMulIntegerToFloat(graph, node, watched);
}

}  // namespace

int fuseDynamicProducts(Graph& graph, const std::set<std::string>& watched) {
  int fused = 0;
  for (Node* node : graph.nodes()) {
    if (isContributed(*node, "DynamicQuantizeMatMul")) fused += splitDynamicQuantizeMatMul(graph, *node) ? 1 : 0;
  }
  for (Node* node : graph.nodes()) fused += fuseProduct(graph, *node, watched) ? 1 : 0;
  if (fused > 0) graph.removeUnused(watched);
  return fused;
}

}  // namespace quant
