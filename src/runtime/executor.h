#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "runtime/backend.h"
#include "runtime/macs.h"

namespace quant {

/// Called with each watched value as soon as it is computed, in row-major or channels-last order as it lies there.
using Watcher = std::function<void(const std::string& value, const Tensor& tensor)>;

struct ExecutorOptions {
  Backend backend = Backend::kOneDnn;
  /// Values that are handed to the watcher; they are never fused away.
  std::set<std::string> watched;
  /// Turn DequantizeLinear -> op -> QuantizeLinear groups into one int8 step, and Conv + activation chains into one.
  bool fuse = true;
  /// Measure what each step takes; see `stepTimes`.
  bool time_steps = false;
};

/// A graph made ready to run. It keeps a copy of the nodes and shares the constants, so the graph it was made from may
/// be changed or destroyed. One thread at a time; inside, kernels use OpenMP.
class Executor {
 public:
  /// Throws one error (unsupported, a MissingOperatorsError) that names every operator without a kernel, those in
  /// bodies of If, Loop and Scan among them. `watched` values are looked for outside of bodies only.
  explicit Executor(const Graph& graph, ExecutorOptions options = {});
  Executor(Executor&&) noexcept;
  Executor& operator=(Executor&&) noexcept;
  ~Executor();

  /// The graph's outputs, in order, row-major. `inputs` are read, not kept. Any shapes; what was prepared for a shape
  /// is kept for the next run with it. Errors name the node.
  std::vector<Tensor> run(const NamedTensors& inputs, const Watcher& watcher = nullptr);

  /// The graph after lowering, one node a step.
  [[nodiscard]] const Graph& lowered() const;

  /// Multiply-accumulates of the last run.
  [[nodiscard]] Macs macs() const;

  /// Milliseconds of each step in the last run, in the order of `lowered().nodes()`; empty without `time_steps`. What a
  /// watcher does is not part of it.
  [[nodiscard]] const std::vector<double>& stepTimes() const;

  /// Memory that intermediate values take, for all shapes that were run so far: buffers are used again as soon as the
  /// last reader of a value is done. Weights and what kernels make of them do not count.
  [[nodiscard]] size_t bufferBytes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quant
