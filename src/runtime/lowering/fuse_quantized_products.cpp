// Products of 8-bit integers whose results are real numbers, or quantized only after an activation that saturation does
// not imply.
#include "runtime/lowering/product_chain.h"

namespace quant {

namespace {

Names operandsOf(const QuantizedValue& a, const QuantizedValue& b) {
  Names names;
  append(names, a);
  append(names, b);
  return names;
}

}  // namespace

bool fuseQuantizedConv(Graph& graph, Node& node, const std::set<std::string>& watched) {
  const auto src = dequantizedFrom(graph, node.input(0)), weights = dequantizedFrom(graph, node.input(1));
  if (!src || !weights || src->params.axis() || !graph.isConstant(weights->value)) return false;
  if (!isAlongAxis(*weights, 0, graph.constant(weights->value)->rank())) return false;
  ProductChain chain(graph, node, watched);
  if (!chain.takeBiasInput(node.hasInput(2) ? node.input(2) : "")) return false;
  chain.takeActivation();
  chain.replace("QConv", operandsOf(*src, *weights));
  return true;
}

bool fuseQuantizedMatMul(Graph& graph, Node& node, const std::set<std::string>& watched) {
  const auto a = dequantizedFrom(graph, node.input(0)), b = dequantizedFrom(graph, node.input(1));
  if (!a || !b || a->params.axis()) return false;
  const Tensor* weights = graph.constant(b->value);
  const bool is_matrix = weights != nullptr && weights->rank() == 2;
  if (b->params.axis() && !(is_matrix && isAlongAxis(*b, 1, 2))) return false;
  ProductChain chain(graph, node, watched);
  if (is_matrix) chain.takeBiasRow(weights->shape()[1]);
  chain.takeActivation();
  chain.replace("QMatMul", operandsOf(*a, *b));
  return true;
}

}  // namespace quant
