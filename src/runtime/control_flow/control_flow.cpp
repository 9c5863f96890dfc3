#include "runtime/control_flow/control_flow.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace quant {

namespace {

struct Row {
  std::string_view op_type;
  int64_t since_version;
  std::unique_ptr<ControlFlowKernel> (*make)(const Node& node, const Graph& graph, const ExecutorOptions& options);
};

constexpr std::array kRows = {Row{"If", 1, makeIf}, Row{"Loop", 1, makeLoop}, Row{"Scan", 9, makeScan}};

const Row* rowOf(const Node& node, int64_t opset) {
  const auto* row = std::ranges::find_if(kRows, [&](const Row& r) { return node.is(r.op_type); });
  return row == kRows.end() || opset < row->since_version ? nullptr : row;
}

}  // namespace

bool isControlFlow(const Node& node, int64_t opset) { return rowOf(node, opset) != nullptr; }

std::unique_ptr<ControlFlowKernel> makeControlFlow(const Node& node, const Graph& graph,
                                                   const ExecutorOptions& options) {
  const Row* row = rowOf(node, graph.opset());
  if (row == nullptr) throwInternal("operator {} holds no bodies to run", node.opType());
  return row->make(node, graph, options);
}

}  // namespace quant
