#include "runtime/control_flow/body_runner.h"

#include <algorithm>

#include "core/error.h"
#include "core/interrupt.h"

namespace quant {

namespace {

const onnx::GraphProto& bodyOf(const Node& owner, const char* attribute) {
  const auto* found = owner.findAttr(attribute);
  if (found == nullptr || !found->has_g()) {
    throwBadInput("node '{}' ({}) has no graph in attribute '{}'", owner.label(), owner.opType(), attribute);
  }
  return found->g();
}

ExecutorOptions withoutWatching(const ExecutorOptions& options) {
  return {.backend = options.backend, .watched = {}, .fuse = options.fuse};
}

/// With the types that groups are fused by.
Body typed(Body body) {
  body.graph().inferShapes();
  return body;
}

}  // namespace

BodyRunner::BodyRunner(const Graph& graph, const Node& owner, const char* attribute, const ExecutorOptions& options)
    : BodyRunner(typed(Body(graph, owner, bodyOf(owner, attribute))), owner, options) {}

BodyRunner::BodyRunner(const Body& body, const Node& owner, const ExecutorOptions& options)
    : executor_(body.graph(), withoutWatching(options)) {
  const auto inputs = body.graph().inputs();
  const auto own = inputs.begin() + static_cast<std::ptrdiff_t>(body.inputCount());
  names_.assign(inputs.begin(), own);
  const auto& captures = owner.captures();
  for (auto name = own; name != inputs.end(); ++name) {
    const auto place = static_cast<size_t>(std::ranges::find(captures, *name) - captures.begin());
    captures_.push_back({*name, static_cast<size_t>(owner.inputCount()) + place});
  }
  for (const auto& output : body.graph().outputs()) output_types_.push_back(body.graph().valueType(output));
}

void BodyRunner::begin(const KernelContext& context) {
  macs_ = {};
  for (const Capture& capture : captures_) inputs_[capture.name] = context.inputAsIs(capture.input).alias();
}

std::vector<Tensor> BodyRunner::run(std::vector<Tensor> inputs) {
  throwIfInterrupted();
  if (inputs.size() != names_.size()) {
    throwBadInput("its body has {} inputs, but {} values to put into them", names_.size(), inputs.size());
  }
  for (size_t i = 0; i < inputs.size(); ++i) inputs_[names_[i]] = std::move(inputs[i]);
  auto outputs = executor_.run(inputs_);
  macs_ += executor_.macs();
  return outputs;
}

}  // namespace quant
