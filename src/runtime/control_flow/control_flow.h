#pragma once

#include <memory>
#include <string_view>

#include "graph/graph.h"
#include "runtime/executor.h"
#include "runtime/kernel.h"
#include "runtime/macs.h"

namespace quant {

/// If, Loop or Scan: a kernel that owns an executor for each of its node's bodies. What the bodies capture are further
/// inputs of its call, behind those of the node and in the order of `Node::captures`.
class ControlFlowKernel : public Kernel {
 public:
  /// Multiply-accumulates in the bodies during the last run.
  [[nodiscard]] virtual Macs macs() const = 0;
  /// Memory for intermediate values of the bodies.
  [[nodiscard]] virtual size_t bufferBytes() const = 0;
};

/// True for the operators that `makeControlFlow` makes kernels of.
bool isControlFlow(const Node& node, int64_t opset);

/// A kernel for such a node of `graph`. Throws MissingOperatorsError for operators inside that cannot be run.
std::unique_ptr<ControlFlowKernel> makeControlFlow(const Node& node, const Graph& graph,
                                                   const ExecutorOptions& options);

// One for each operator.
std::unique_ptr<ControlFlowKernel> makeIf(const Node& node, const Graph& graph, const ExecutorOptions& options);
std::unique_ptr<ControlFlowKernel> makeLoop(const Node& node, const Graph& graph, const ExecutorOptions& options);
std::unique_ptr<ControlFlowKernel> makeScan(const Node& node, const Graph& graph, const ExecutorOptions& options);

}  // namespace quant
