// Scan.
#include "core/error.h"
#include "runtime/control_flow/body_runner.h"
#include "runtime/control_flow/stacked.h"
#include "runtime/ops/strided_copy.h"

namespace quant {

namespace {

/// A scan input, cut along its axis.
class Slices {
 public:
  /// `src` is kept.
  Slices(Tensor src, int64_t axis, bool reversed)
      : src_(std::make_shared<Tensor>(std::move(src))),
        axis_(static_cast<size_t>(normalizeAxis(axis, src_->rank()))),
        reversed_(reversed),
        shape_(src_->shape()) {
    shape_.erase(shape_.begin() + static_cast<std::ptrdiff_t>(axis_));
  }

  [[nodiscard]] int64_t count() const { return src_->shape()[axis_]; }

  /// A view where the slice lies in one piece, else a copy.
  [[nodiscard]] Tensor at(int64_t iteration) const {
    const int64_t index = reversed_ ? count() - 1 - iteration : iteration;
    auto strides = rowMajorStrides(src_->shape());
    const int64_t offset = index * strides[axis_];
    if (axis_ == 0) {
      const auto* bytes = static_cast<const std::byte*>(src_->bytes()) + offset * elementSize(src_->type());
      return Tensor::view(src_->type(), shape_, bytes, src_);
    }
    strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(axis_));
    Tensor slice(src_->type(), shape_);
    copyStrided(*src_, slice, shape_, strides, offset);
    return slice;
  }

 private:
  std::shared_ptr<Tensor> src_;
  size_t axis_;
  bool reversed_;
  Shape shape_;
};

/// What an attribute says of one scan input or output.
int64_t entryOf(const std::vector<int64_t>& list, size_t index) { return index < list.size() ? list[index] : 0; }

class Scan final : public ControlFlowKernel {
 public:
  Scan(const Node& node, const Graph& graph, const ExecutorOptions& options)
      : body_(graph, node, "body", options),
        scan_count_(static_cast<size_t>(node.attr("num_scan_inputs", int64_t{0}))),
        state_count_(static_cast<size_t>(node.inputCount()) - scan_count_),
        input_axes_(node.attr("scan_input_axes", std::vector<int64_t>{})),
        input_directions_(node.attr("scan_input_directions", std::vector<int64_t>{})),
        output_axes_(node.attr("scan_output_axes", std::vector<int64_t>{})),
        output_directions_(node.attr("scan_output_directions", std::vector<int64_t>{})) {
    const auto inputs = static_cast<size_t>(node.inputCount());
    if (scan_count_ < 1 || scan_count_ > inputs || body_.inputCount() != inputs || body_.outputCount() < state_count_) {
      throwBadInput("node '{}' (Scan) has {} inputs, {} of them to scan, but its body has {} inputs and {} outputs",
                    node.label(), inputs, scan_count_, body_.inputCount(), body_.outputCount());
    }
  }

  void run(KernelContext& context) override {
    std::vector<Tensor> state;
    for (size_t i = 0; i < state_count_; ++i) state.push_back(context.input(i).alias());
    const std::vector<Slices> slices = slicesOf(context);
    std::vector<Stacked> stacks = emptyStacks();
    body_.begin(context);
    for (int64_t i = 0; i < slices[0].count(); ++i) {
      std::vector<Tensor> inputs = std::move(state);
      for (const Slices& src : slices) inputs.push_back(src.at(i));
      auto outputs = body_.run(std::move(inputs));
      for (size_t s = 0; s < stacks.size(); ++s) stacks[s].add(std::move(outputs[state_count_ + s]));
      outputs.resize(state_count_);
      state = std::move(outputs);
    }
    body_.end();
    for (size_t i = 0; i < state_count_ && i < context.outputCount(); ++i) context.setOutput(i, std::move(state[i]));
    for (size_t i = 0; i < stacks.size(); ++i) {
      if (context.wants(state_count_ + i)) stacks[i].giveTo(context, state_count_ + i);
    }
  }

  [[nodiscard]] Macs macs() const override { return body_.macs(); }
  [[nodiscard]] size_t bufferBytes() const override { return body_.bufferBytes(); }

 private:
  [[nodiscard]] std::vector<Slices> slicesOf(KernelContext& context) const {
    std::vector<Slices> slices;
    for (size_t i = 0; i < scan_count_; ++i) {
      const Tensor& src = context.input(state_count_ + i);
      slices.emplace_back(src.alias(), entryOf(input_axes_, i), entryOf(input_directions_, i) != 0);
      if (slices[i].count() != slices[0].count()) {
        throwBadInput("its scan inputs have {} and {} elements", slices[0].count(), slices[i].count());
      }
    }
    return slices;
  }

  [[nodiscard]] std::vector<Stacked> emptyStacks() const {
    std::vector<Stacked> stacks;
    for (size_t i = 0; state_count_ + i < body_.outputCount(); ++i) {
      stacks.emplace_back(body_.outputType(state_count_ + i), entryOf(output_axes_, i),
                          entryOf(output_directions_, i) != 0);
    }
    return stacks;
  }

  BodyRunner body_;
  size_t scan_count_, state_count_;
  std::vector<int64_t> input_axes_, input_directions_, output_axes_, output_directions_;
};

}  // namespace

std::unique_ptr<ControlFlowKernel> makeScan(const Node& node, const Graph& graph, const ExecutorOptions& options) {
  return std::make_unique<Scan>(node, graph, options);
}

}  // namespace quant
