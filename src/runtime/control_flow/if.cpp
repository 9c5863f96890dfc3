// If.
#include "core/error.h"
#include "runtime/control_flow/body_runner.h"
#include "runtime/missing_operators.h"

namespace quant {

namespace {

class If final : public ControlFlowKernel {
 public:
  If(BodyRunner then_branch, BodyRunner else_branch) : then_(std::move(then_branch)), else_(std::move(else_branch)) {}

  void run(KernelContext& context) override {
    BodyRunner& branch = soleElement<bool>(context.input(0), "the condition") ? then_ : else_;
    branch.begin(context);
    auto outputs = branch.run({});
    branch.end();
    if (outputs.size() != context.outputCount()) {
      throwBadInput("its branch gives {} values, but the node has {} outputs", outputs.size(), context.outputCount());
    }
    for (size_t i = 0; i < outputs.size(); ++i) context.setOutput(i, std::move(outputs[i]));
    macs_ = branch.macs();
  }

  [[nodiscard]] Macs macs() const override { return macs_; }
  [[nodiscard]] size_t bufferBytes() const override { return then_.bufferBytes() + else_.bufferBytes(); }

 private:
  BodyRunner then_, else_;
  Macs macs_;
};

}  // namespace

std::unique_ptr<ControlFlowKernel> makeIf(const Node& node, const Graph& graph, const ExecutorOptions& options) {
  MissingOperators missing;
  const auto branch = [&](const char* attribute) -> std::optional<BodyRunner> {
    try {
      return BodyRunner(graph, node, attribute, options);
    } catch (const MissingOperatorsError& error) {
      missing.add(error.operators());
      return std::nullopt;
    }
  };
  auto then_branch = branch("then_branch"), else_branch = branch("else_branch");
  if (!missing.empty()) throw MissingOperatorsError(std::move(missing));
  return std::make_unique<If>(std::move(*then_branch), std::move(*else_branch));
}

}  // namespace quant
