#include "eval/isa_effects.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <memory>

#include "core/workers.h"
#include "runtime/executor.h"

namespace quant {

namespace {

bool isByte(DataType type) { return type == DataType::kUInt8 || type == DataType::kInt8; }

/// True for a step with constant 8-bit weights.
bool isInt8Layer(const Graph& graph, const Node& node) {
  for (int i = 0; i < node.inputCount(); ++i) {
    const Tensor* constant = graph.constant(node.input(i));
    if (constant != nullptr && isByte(constant->type()) && constant->rank() >= 2) return true;
  }
  return false;
}

/// The zero point of a layer's 8-bit result; 0 for other results.
double zeroPointOf(const Graph& graph, const Node& node) {
  static const std::map<std::string, int, std::less<>> kInputs = {
      {"QLinearConv", 7}, {"FusedQLinearConv", 7}, {"QLinearMatMul", 7}, {"QGemm", 8}, {"QConv", 8}, {"QMatMul", 8}};
  const auto found = kInputs.find(node.opType());
  if (found == kInputs.end() || found->second >= node.inputCount()) return 0;
  const Tensor* zero_point = graph.constant(node.input(found->second));
  if (zero_point == nullptr || zero_point->elementCount() != 1) return 0;
  return zero_point->type() == DataType::kInt8 ? zero_point->data<int8_t>()[0] : zero_point->data<uint8_t>()[0];
}

/// Sums over the results of one layer.
struct Sums {
  double elements = 0, changed = 0, max_change = 0, squares = 0, error_squares = 0;

  void add(const Sums& other) {
    elements += other.elements;
    changed += other.changed;
    max_change = std::max(max_change, other.max_change);
    squares += other.squares;
    error_squares += other.error_squares;
  }
};

template <class T>
Sums compare(const Tensor& exact, const Tensor& saturated, double zero_point) {
  Sums sums;
  const auto x = exact.data<T>(), y = saturated.data<T>();
  for (size_t i = 0; i < x.size(); ++i) {
    const double value = static_cast<double>(x[i]) - zero_point;
    const double change = std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i]));
    sums.changed += change != 0 ? 1 : 0;
    sums.max_change = std::max(sums.max_change, change);
    sums.squares += value * value;
    sums.error_squares += change * change;
  }
  sums.elements = static_cast<double>(x.size());
  return sums;
}

Sums compare(const Tensor& exact, const Tensor& saturated, double zero_point) {
  switch (exact.type()) {
    case DataType::kUInt8: return compare<uint8_t>(exact, saturated, zero_point);
    case DataType::kInt8: return compare<int8_t>(exact, saturated, zero_point);
    case DataType::kInt32: return compare<int32_t>(exact, saturated, zero_point);
    default: return compare<float>(exact, saturated, zero_point);
  }
}

/// One layer on kernels that saturate.
class Probe {
 public:
  Probe(const Graph& graph, const Node& node, const KernelRegistry& registry)
      : graph_(graph), node_(node), zero_point_(zeroPointOf(graph, node)) {
    const int64_t opset = std::max<int64_t>(graph.opset(node.domain()), 1);
    const auto* factory = registry.find(node.domain(), node.opType(), opset);
    if (factory == nullptr) throwInternal("no kernel for the step {}", node.label());
    kernel_ = (*factory)(node, opset);
  }

  [[nodiscard]] const Node& node() const { return node_; }

  /// `values` holds what the exact run gave for the inputs that are no constants.
  Sums run(const NamedTensors& values, const Tensor& exact) {
    std::deque<KernelContext::Value> inputs;
    std::vector<KernelContext::Value*> pointers;
    for (int i = 0; i < node_.inputCount(); ++i) {
      pointers.push_back(nullptr);
      if (!node_.hasInput(i)) continue;
      const Tensor* constant = graph_.constant(node_.input(i));
      inputs.push_back(
          {constant != nullptr ? constant->alias() : values.at(node_.input(i)).alias(), {}, {}, constant != nullptr});
      pointers.back() = &inputs.back();
    }
    const auto outputs = static_cast<size_t>(node_.outputCount());
    KernelContext context(std::move(pointers), outputs, std::vector<bool>(outputs, true));
    kernel_->run(context);
    const Tensor saturated = convertLayout(context.results().front().value(), Layout::kPlain);
    return compare(convertLayout(exact, Layout::kPlain), saturated, zero_point_);
  }

 private:
  const Graph& graph_;
  const Node& node_;
  double zero_point_;
  std::unique_ptr<Kernel> kernel_;
};

/// The exact run of one worker, and its probes.
class ProbedRun {
 public:
  explicit ProbedRun(const Graph& lowered) : graph_(lowered) {
    const KernelRegistry registry = kernelsOf(Backend::kSaturating);
    std::set<std::string> watched;
    for (const Node* node : lowered.nodes()) {
      if (!isInt8Layer(lowered, *node)) continue;
      by_output_.emplace(node->output(0), probes_.size());
      probes_.emplace_back(lowered, *node, registry);
      watched.insert(node->output(0));
      for (int i = 0; i < node->inputCount(); ++i) {
        if (node->hasInput(i) && !lowered.isConstant(node->input(i))) watched.insert(node->input(i));
      }
    }
    executor_ = std::make_unique<Executor>(lowered, ExecutorOptions{Backend::kOneDnn, watched, false});
  }

  std::vector<Sums> run(const NamedTensors& inputs) {
    NamedTensors values;
    std::vector<Sums> sums(probes_.size());
    executor_->run(inputs, [&](const std::string& name, const Tensor& tensor) {
      if (const auto found = by_output_.find(name); found != by_output_.end()) {
        sums[found->second] = probes_[found->second].run(values, tensor);
      }
      values.insert_or_assign(name, tensor.clone());  // the executor reuses the memory
    });
    return sums;
  }

 private:
  const Graph& graph_;
  std::deque<Probe> probes_;
  std::map<std::string, size_t> by_output_;
  std::unique_ptr<Executor> executor_;
};

LayerEffect effectOf(const Node& node, const Sums& sums) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  return {node.label(), node.opType(), sums.elements == 0 ? 0 : sums.changed / sums.elements, sums.max_change,
          sums.error_squares == 0 ? kInfinite : 10 * std::log10(sums.squares / sums.error_squares)};
}

}  // namespace

IsaEffects measureIsaEffects(const Graph& graph, const Dataset& dataset, size_t count, const Progress& progress) {
  const Executor executor(graph);
  const Graph lowered = executor.lowered().clone();
  const auto nodes = lowered.nodes();
  if (std::ranges::none_of(nodes, [&](const Node* node) { return isInt8Layer(lowered, *node); })) return {count, {}};
  // Kept by index and summed in order: a sum must not depend on which sample was ready first.
  std::vector<std::vector<Sums>> of_samples(count);
  const auto make_task = [&](size_t) -> Task {
    auto run = std::make_shared<ProbedRun>(lowered);
    return [&, run](size_t index) { of_samples[index] = run->run(dataset.load(index).inputs); };
  };
  runWorkers(count, {0, progress}, make_task);

  IsaEffects effects{count, {}};
  size_t layer = 0;
  for (const Node* node : nodes) {
    if (!isInt8Layer(lowered, *node)) continue;
    Sums sums;
    for (const auto& sample : of_samples) sums.add(sample[layer]);
    effects.layers.push_back(effectOf(*node, sums));
    ++layer;
  }
  return effects;
}

}  // namespace quant
