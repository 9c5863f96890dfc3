#include <algorithm>
#include <array>

#include "runtime/lowering/lowering.h"
#include "runtime/lowering/quantized_group.h"
#include "runtime/lowering/scalar_region.h"

namespace quant {

namespace {

constexpr std::array<std::string_view, 28> kFunctions = {
    "Relu", "Clip", "LeakyRelu", "PRelu", "Elu",  "Selu",     "Celu",     "HardSigmoid", "HardSwish", "Sigmoid",
    "Tanh", "Erf",  "Gelu",      "Swish", "Mish", "Softplus", "Softsign", "Mul",         "Div",       "Add",
    "Sub",  "Pow",  "Neg",       "Abs",   "Exp",  "Sqrt",     "Min",      "Max"};

bool isFunction(const Node& node) {
  return (node.domain().empty() || node.is("Gelu")) && std::ranges::find(kFunctions, node.opType()) != kFunctions.end();
}

/// The 256 values of a type, each at the index that its bits are.
Tensor allIntegers(DataType type) {
  Tensor integers(type, {256});
  auto* const bytes = static_cast<uint8_t*>(integers.bytes());
  for (int i = 0; i < 256; ++i) bytes[i] = static_cast<uint8_t>(i);
  return integers;
}

/// DequantizeLinear -> functions of one number -> QuantizeLinear, by what they give for each of the 256 integers.
bool fuseLookup(Graph& graph, Node& quantize, const std::set<std::string>& watched) {
  const auto quantized = quantizedBy(graph, quantize);
  if (!quantized || quantized->params.axis()) return false;
  std::optional<QuantizedValue> src;
  const auto region = findScalarRegion(graph, quantize, watched, isFunction, [&](const ScalarRegion& found) {
    src = dequantizedFrom(graph, found.source);
    return src && !src->params.axis();
  });
  if (!region) return false;
  Tensor table = region->evaluate(graph, src->params.dequantize(allIntegers(src->params.storage())));
  const std::string name = graph.addConstant(region->result() + "_table", std::move(table));
  const std::vector<Node*> swallowed(region->nodes.begin(), region->nodes.end() - 1);
  replaceGroup(graph, quantize, swallowed, kFusedDomain, "Lookup", {src->value, name}, region->result());
  return true;
}

}  // namespace

int fuseLookups(Graph& graph, const std::set<std::string>& watched) {
  int fused = 0;
  for (Node* node : graph.nodes()) fused += node->is("QuantizeLinear") && fuseLookup(graph, *node, watched) ? 1 : 0;
  return fused;
}

}  // namespace quant
