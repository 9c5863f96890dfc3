#include "runtime/lowering/lowering.h"
#include "runtime/lowering/quantized_group.h"

namespace quant {

namespace {

/// The operand of `multiply` that is one constant for each channel along the last axis of the other; -1 without one.
int factorsInput(const Graph& graph, const Node& multiply) {
  for (const int factors : {1, 0}) {
    const Tensor* constant = graph.constant(multiply.input(factors));
    const auto other = graph.valueType(multiply.input(1 - factors));
    if (constant == nullptr || constant->type() != DataType::kFloat32 || constant->rank() == 0) continue;
    if (!other || other->type != DataType::kFloat32 || !other->shape || graph.isConstant(multiply.input(1 - factors))) {
      continue;
    }
    const bool is_row = constant->shape().back() == constant->elementCount();
    const bool fits = other->shape->size() >= constant->shape().size() && !other->shape->empty() &&
                      other->shape->back() == constant->elementCount();
    if (is_row && fits) return factors;
  }
  return -1;
}

bool fuseOne(Graph& graph, Node& quantize, const std::set<std::string>& watched) {
  const std::string value = quantize.input(0);
  Node* multiply = graph.producer(value);
  if (multiply == nullptr || !multiply->is("Mul") || !graph.hasSingleUse(value) || watched.contains(value))
    return false;
  const auto quantized = quantizedBy(graph, quantize);
  if (!quantized || quantized->params.axis()) return false;
  const int factors = factorsInput(graph, *multiply);
  if (factors < 0) return false;
  replaceGroup(graph, quantize, {multiply}, kFusedDomain, "LevelledQuantizeLinear",
               {multiply->input(1 - factors), multiply->input(factors), quantized->scale, quantized->zero_point},
               quantized->value);
  return true;
}

}  // namespace

int fuseLevelledQuantization(Graph& graph, const std::set<std::string>& watched) {
  int fused = 0;
  for (Node* node : graph.nodes()) fused += node->is("QuantizeLinear") && fuseOne(graph, *node, watched) ? 1 : 0;
  return fused;
}

}  // namespace quant
