#include "runtime/lowering/evaluate.h"

#include "runtime/backend.h"

namespace quant {

std::optional<Tensor> evaluateConstant(const Graph& graph, const Node& node) {
  std::vector<KernelContext::Value> values(static_cast<size_t>(node.inputCount()));
  std::vector<KernelContext::Value*> inputs;
  for (int i = 0; i < node.inputCount(); ++i) {
    const Tensor* constant = node.hasInput(i) ? graph.constant(node.input(i)) : nullptr;
    if (node.hasInput(i) && constant == nullptr) return {};
    auto& value = values[static_cast<size_t>(i)];
    if (constant != nullptr) value.tensor = constant->alias();
    value.is_constant = true;
    inputs.push_back(constant == nullptr ? nullptr : &value);
  }
  const KernelRegistry registry = kernelsOf(Backend::kReference);
  const int64_t opset = graph.opset(node.domain());
  const auto* factory = registry.find(node.domain(), node.opType(), opset);
  if (factory == nullptr) return {};
  KernelContext context(std::move(inputs), 1, {true});
  (*factory)(node, opset)->run(context);
  const auto& result = context.results()[0];
  if (!result) return {};
  return convertLayout(*result, Layout::kPlain);
}

}  // namespace quant
