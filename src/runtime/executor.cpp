#include "runtime/executor.h"

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "core/error.h"
#include "core/half_conversion.h"
#include "core/interrupt.h"
#include "runtime/control_flow/control_flow.h"
#include "runtime/lowering/expand_functions.h"
#include "runtime/lowering/lowering.h"
#include "runtime/missing_operators.h"

namespace quant {

namespace {

constexpr size_t kAbsent = static_cast<size_t>(-1);

/// A node with its kernel; values are numbered.
struct Step {
  const Node* node;
  std::unique_ptr<Kernel> kernel;
  const ControlFlowKernel* control_flow;  // the same kernel, where it runs bodies; else null
  std::vector<size_t> inputs, outputs;    // kAbsent where an optional one is left out
  std::vector<bool> wanted;
  std::vector<size_t> finished;  // values that nobody reads after this step
  std::optional<KernelContext> context;
  int weights_input;        // as macs.h has it
  Shape src, weights, dst;  // for which `macs` was counted
  Macs macs;
};

/// A graph input as every run looks at it.
struct GraphInput {
  std::string name;
  size_t value;  // kAbsent when nobody reads it
  std::optional<ValueType> declared;
  bool is_watched;
};

bool fits(const Shape& given, const Shape& declared) {
  return given.size() == declared.size() && std::ranges::equal(given, declared, [](int64_t size, int64_t expected) {
           return expected < 0 || size == expected;
         });
}

}  // namespace

class Executor::Impl {
 public:
  Impl(const Graph& graph, ExecutorOptions options) : options_(std::move(options)), graph_(graph.clone()) {
    const KernelRegistry kernels = kernelsOf(options_.backend);
    expandFunctions(graph_, kernels);
    if (options_.fuse) lower(graph_, options_.backend, options_.watched);
    makeSteps(kernels);
    planReleases();
    makeContexts();
    listInputs();
  }

  std::vector<Tensor> run(const NamedTensors& inputs, const Watcher& watcher) {
    macs_ = {};
    bindInputs(inputs, watcher);
    step_times_.clear();
    for (Step& step : steps_) runStep(step, watcher);
    return takeOutputs();
  }

  [[nodiscard]] const Graph& lowered() const { return graph_; }
  [[nodiscard]] Macs macs() const { return macs_; }
  [[nodiscard]] const std::vector<double>& stepTimes() const { return step_times_; }
  [[nodiscard]] size_t bufferBytes() const {
    size_t bytes = pool_.reservedBytes();
    for (const Step& step : steps_) bytes += step.control_flow != nullptr ? step.control_flow->bufferBytes() : 0;
    return bytes;
  }

 private:
  size_t number(const std::string& value) {
    if (value.empty()) return kAbsent;
    const auto [entry, added] = numbers_.emplace(value, values_.size());
    if (!added) return entry->second;
    values_.emplace_back();
    if (const Tensor* constant = graph_.constant(value)) values_.back() = {constant->alias(), {}, {}, true};
    return entry->second;
  }

  void makeSteps(const KernelRegistry& registry) {
    MissingOperators missing;
    const Graph& graph = graph_;
    for (const Node* node : graph.nodes()) {
      // Operators of this program's own domain have one version and stand in no model's imports.
      const int64_t opset = std::max<int64_t>(graph.opset(node->domain()), 1);
      const auto* factory = registry.find(node->domain(), node->opType(), opset);
      if (isControlFlow(*node, opset)) {
        addControlFlow(*node, missing);
      } else if (factory == nullptr) {
        missing.add(*node, opset);
      } else {
        steps_.push_back(makeStep(*node, (*factory)(*node, opset)));
      }
    }
    if (!missing.empty()) throw MissingOperatorsError(std::move(missing));
    for (const auto& name : graph.outputs()) outputs_.push_back(number(name));
  }

  void addControlFlow(const Node& node, MissingOperators& missing) {
    try {
      auto kernel = makeControlFlow(node, graph_, options_);
      const ControlFlowKernel* const control_flow = kernel.get();
      steps_.push_back(makeStep(node, std::move(kernel)));
      steps_.back().control_flow = control_flow;
    } catch (const MissingOperatorsError& error) {
      missing.addBody(error.operators(), node);
    }
  }

  Step makeStep(const Node& node, std::unique_ptr<Kernel> kernel) {
    Step step{&node, std::move(kernel), nullptr, {}, {}, {}, {}, {}, weightsInput(node), {}, {}, {}, {}};
    for (int i = 0; i < node.inputCount(); ++i) step.inputs.push_back(number(node.input(i)));
    for (const auto& value : node.captures()) step.inputs.push_back(number(value));
    for (int i = 0; i < node.outputCount(); ++i) {
      const std::string& value = node.output(i);
      step.outputs.push_back(number(value));
      step.wanted.push_back(!value.empty() && (!graph_.consumers(value).empty() || graph_.isOutput(value) ||
                                               options_.watched.contains(value)));
    }
    return step;
  }

  /// A value is finished after the last step that reads it, or the step that makes it when nobody does.
  void planReleases() {
    std::vector<size_t> last(values_.size(), kAbsent);
    for (size_t i = 0; i < steps_.size(); ++i) {
      for (const auto* list : {&steps_[i].inputs, &steps_[i].outputs}) {
        for (const size_t value : *list) {
          if (value != kAbsent) last[value] = i;
        }
      }
    }
    for (const size_t value : outputs_) last[value] = kAbsent;
    for (size_t value = 0; value < last.size(); ++value) {
      if (last[value] != kAbsent && !values_[value].is_constant) steps_[last[value]].finished.push_back(value);
    }
  }

  /// After the last value was numbered: from here on they stay where they are.
  void makeContexts() {
    for (Step& step : steps_) {
      std::vector<KernelContext::Value*> inputs;
      for (const size_t value : step.inputs) inputs.push_back(value == kAbsent ? nullptr : &values_[value]);
      step.context.emplace(std::move(inputs), step.outputs.size(), step.wanted, &pool_);
    }
  }

  void listInputs() {
    for (const auto& name : graph_.inputs()) {
      const auto known = numbers_.find(name);
      inputs_.push_back({name, known == numbers_.end() ? kAbsent : known->second, graph_.valueType(name),
                         options_.watched.contains(name)});
    }
  }

  void bindInputs(const NamedTensors& inputs, const Watcher& watcher) {
    for (const auto& [name, value, declared, is_watched] : inputs_) {
      const auto given = inputs.find(name);
      if (given == inputs.end()) throwBadInput("the model's input '{}' is not given", name);
      Tensor tensor = declared ? inTypeOf(*declared, given->second) : given->second.alias();
      if (declared) requireFit(name, *declared, tensor);
      if (watcher && is_watched) watcher(name, tensor);
      if (value != kAbsent) values_[value] = {std::move(tensor), {}, {}, false};
    }
  }

  /// Samples are float32 as a rule: for a model that takes 16-bit floats they are rounded.
  static Tensor inTypeOf(const ValueType& declared, const Tensor& given) {
    const bool is_half = declared.type == DataType::kFloat16 || declared.type == DataType::kBFloat16;
    return is_half && given.type() == DataType::kFloat32 ? toHalf(given, declared.type) : given.alias();
  }

  static void requireFit(const std::string& name, const ValueType& declared, const Tensor& given) {
    if (declared.type != DataType::kUndefined && declared.type != given.type()) {  // bodies may leave types out
      throwBadInput("input '{}' is {}, but the model expects {}", name, toString(given.type()),
                    toString(declared.type));
    }
    if (declared.shape && !fits(given.shape(), *declared.shape)) {
      throwBadInput("input '{}' has shape {}, but the model expects {} (-1: any size)", name, toString(given.shape()),
                    toString(*declared.shape));
    }
  }

  void runStep(Step& step, const Watcher& watcher) {
    KernelContext& context = *step.context;
    context.forgetResults();
    try {
      runKernel(*step.kernel, context);
    } catch (Error& error) {
      error.addContext(fmt::format("running node '{}' ({})", step.node->label(), step.node->opType()));
      throw;
    } catch (const Interrupted&) {  // in a loop of the model
      throw;
    } catch (const std::exception& error) {
      throwInternal("{}\n  while running node '{}' ({})", error.what(), step.node->label(), step.node->opType());
    }
    storeResults(step, context, watcher);
    if (step.control_flow != nullptr) macs_ += step.control_flow->macs();
    for (const size_t value : step.finished) values_[value].clear();
  }

  void runKernel(Kernel& kernel, KernelContext& context) {
    if (!options_.time_steps) return kernel.run(context);
    const auto start = std::chrono::steady_clock::now();
    kernel.run(context);
    step_times_.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }

  void storeResults(Step& step, KernelContext& context, const Watcher& watcher) {
    countMacs(step, context.results());
    for (size_t i = 0; i < step.outputs.size(); ++i) {
      auto& result = context.results()[i];
      if (step.outputs[i] == kAbsent) continue;
      if (!result) {
        if (step.wanted[i])
          throwInternal("node '{}' ({}) gave no output {}", step.node->label(), step.node->opType(), i);
        continue;
      }
      if (watcher) showTo(watcher, step.node->output(static_cast<int>(i)), *result);
      values_[step.outputs[i]].tensor = std::move(*result);
    }
  }

  void showTo(const Watcher& watcher, const std::string& value, const Tensor& tensor) const {
    if (options_.watched.contains(value)) watcher(value, tensor);
  }

  void countMacs(Step& step, const std::vector<std::optional<Tensor>>& results) {
    if (step.weights_input < 0) return;
    const Shape dst = results[0] ? results[0]->shape() : Shape();
    const Tensor& src = values_[step.inputs[0]].tensor;
    const Shape& weights = values_[step.inputs[static_cast<size_t>(step.weights_input)]].tensor.shape();
    if (src.shape() != step.src || weights != step.weights || dst != step.dst) {
      step.src = src.shape();
      step.weights = weights;
      step.dst = dst;
      step.macs = macsOf(*step.node, step.src, weights, dst);
      const bool is_half = src.type() == DataType::kFloat16 || src.type() == DataType::kBFloat16;
      if (is_half) step.macs.float16 = step.macs.total;
    }
    macs_ += step.macs;
  }

  std::vector<Tensor> takeOutputs() {
    std::vector<Tensor> results;
    for (const size_t number : outputs_) {
      results.push_back(convertLayout(values_[number].tensor, Layout::kPlain, &pool_));
    }
    for (const size_t number : outputs_) {
      if (!values_[number].is_constant) values_[number].clear();
    }
    return results;
  }

  ExecutorOptions options_;
  Graph graph_;
  BufferPool pool_;  // before the values: they give their memory back to it
  std::unordered_map<std::string, size_t> numbers_;
  std::vector<KernelContext::Value> values_;
  std::vector<Step> steps_;
  std::vector<GraphInput> inputs_;
  std::vector<size_t> outputs_;
  Macs macs_;
  std::vector<double> step_times_;  // of the last run
};

Executor::Executor(const Graph& graph, ExecutorOptions options)
    : impl_(std::make_unique<Impl>(graph, std::move(options))) {}
Executor::Executor(Executor&&) noexcept = default;
Executor& Executor::operator=(Executor&&) noexcept = default;
Executor::~Executor() = default;

std::vector<Tensor> Executor::run(const NamedTensors& inputs, const Watcher& watcher) {
  return impl_->run(inputs, watcher);
}

const Graph& Executor::lowered() const { return impl_->lowered(); }

Macs Executor::macs() const { return impl_->macs(); }

const std::vector<double>& Executor::stepTimes() const { return impl_->stepTimes(); }

size_t Executor::bufferBytes() const { return impl_->bufferBytes(); }

}  // namespace quant
