// Loop.
#include <limits>

#include "core/error.h"
#include "runtime/control_flow/body_runner.h"
#include "runtime/control_flow/stacked.h"

namespace quant {

namespace {

constexpr size_t kLimit = 0, kCondition = 1, kFirstState = 2;  // inputs of the node
constexpr size_t kControls = 2;  // inputs of the body before the state: iteration and condition

/// The shape in which the body wants a single number: some exporters declare [1] instead of a scalar.
Shape shapeOfOne(const Node& node, int input) {
  const auto& body = node.findAttr("body")->g();
  if (input >= body.input_size()) return {};
  return Shape(static_cast<size_t>(std::min(body.input(input).type().tensor_type().shape().dim_size(), 1)), 1);
}

class Loop final : public ControlFlowKernel {
 public:
  Loop(const Node& node, const Graph& graph, const ExecutorOptions& options)
      : body_(graph, node, "body", options),
        state_count_(std::max<size_t>(static_cast<size_t>(node.inputCount()), kFirstState) - kFirstState),
        iteration_shape_(shapeOfOne(node, 0)),
        condition_shape_(shapeOfOne(node, 1)) {
    if (body_.outputCount() < 1 + state_count_ || body_.inputCount() != kControls + state_count_) {
      throwBadInput("node '{}' (Loop) carries {} values, but its body has {} inputs and {} outputs", node.label(),
                    state_count_, body_.inputCount(), body_.outputCount());
    }
  }

  void run(KernelContext& context) override {
    const int64_t limit = context.has(kLimit) ? soleElement<int64_t>(context.input(kLimit), "the number of iterations")
                                              : std::numeric_limits<int64_t>::max();
    bool goes_on = !context.has(kCondition) || soleElement<bool>(context.input(kCondition), "the condition");
    std::vector<Tensor> state;
    for (size_t i = 0; i < state_count_; ++i) state.push_back(context.input(kFirstState + i).alias());
    std::vector<Stacked> scans = emptyScans();
    body_.begin(context);
    for (int64_t i = 0; i < limit && goes_on; ++i) {
      auto outputs = body_.run(inputsOf(i, state));
      goes_on = soleElement<bool>(outputs[0], "the condition that its body gives");
      for (size_t s = 0; s < state_count_; ++s) state[s] = std::move(outputs[1 + s]);
      for (size_t s = 0; s < scans.size(); ++s) scans[s].add(std::move(outputs[1 + state_count_ + s]));
    }
    body_.end();
    giveResults(context, std::move(state), std::move(scans));
  }

  [[nodiscard]] Macs macs() const override { return body_.macs(); }
  [[nodiscard]] size_t bufferBytes() const override { return body_.bufferBytes(); }

 private:
  [[nodiscard]] std::vector<Stacked> emptyScans() const {
    std::vector<Stacked> scans;
    for (size_t i = 1 + state_count_; i < body_.outputCount(); ++i) scans.emplace_back(body_.outputType(i));
    return scans;
  }

  [[nodiscard]] std::vector<Tensor> inputsOf(int64_t iteration, const std::vector<Tensor>& state) const {
    std::vector<Tensor> inputs;
    inputs.push_back(Tensor::of<int64_t>(iteration_shape_, {iteration}));
    inputs.push_back(Tensor::of<bool>(condition_shape_, {true}));
    for (const Tensor& value : state) inputs.push_back(value.alias());
    return inputs;
  }

  void giveResults(KernelContext& context, std::vector<Tensor> state, std::vector<Stacked> scans) const {
    for (size_t i = 0; i < state_count_ && i < context.outputCount(); ++i) context.setOutput(i, std::move(state[i]));
    for (size_t i = 0; i < scans.size(); ++i) {
      if (context.wants(state_count_ + i)) scans[i].giveTo(context, state_count_ + i);
    }
  }

  BodyRunner body_;
  size_t state_count_;
  Shape iteration_shape_, condition_shape_;
};

}  // namespace

std::unique_ptr<ControlFlowKernel> makeLoop(const Node& node, const Graph& graph, const ExecutorOptions& options) {
  return std::make_unique<Loop>(node, graph, options);
}

}  // namespace quant
