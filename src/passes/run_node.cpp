#include "passes/run_node.h"

#include <spdlog/spdlog.h>

#include <deque>

#include "core/error.h"

namespace quant {

namespace {

std::vector<bool> wantedOutputs(const Graph& graph, const Node& node) {
  std::vector<bool> wanted;
  for (const auto& value : node.proto().output()) {
    wanted.push_back(!value.empty() && (graph.isOutput(value) || !graph.consumers(value).empty()));
  }
  return wanted;
}

}  // namespace

std::optional<std::vector<std::optional<Tensor>>> runNode(const Graph& graph, const Node& node,
                                                          const KernelRegistry& kernels) {
  const int64_t opset = graph.opset(node.domain());
  const auto* factory = kernels.find(node.domain(), node.opType(), opset);
  if (factory == nullptr) return {};
  std::deque<KernelContext::Value> values;
  std::vector<KernelContext::Value*> inputs;
  for (const auto& value : node.proto().input()) {
    if (!value.empty()) values.push_back({graph.constant(value)->alias(), {}, {}, /*is_constant=*/true});
    inputs.push_back(value.empty() ? nullptr : &values.back());
  }
  try {
    KernelContext context(std::move(inputs), static_cast<size_t>(node.outputCount()), wantedOutputs(graph, node));
    (*factory)(node, opset)->run(context);
    auto& results = context.results();
    for (auto& result : results) {
      if (result) result = convertLayout(*result, Layout::kPlain);
    }
    return std::move(results);
  } catch (const Error& error) {
    if (error.code() == ExitCode::kInternal) throw;
    spdlog::debug("node '{}' ({}) is not folded: {}", node.label(), node.opType(), error.what());
    return {};
  }
}

}  // namespace quant
