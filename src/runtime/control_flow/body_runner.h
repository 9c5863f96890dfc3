#pragma once

#include <string>
#include <vector>

#include "graph/body.h"
#include "runtime/control_flow/control_flow.h"

namespace quant {

/// A body made ready to run, as often as its owner wants.
class BodyRunner {
 public:
  /// The body in attribute `attribute` of `owner`. Throws (bad input) when there is none.
  BodyRunner(const Graph& graph, const Node& owner, const char* attribute, const ExecutorOptions& options);

  /// Takes the values that the body captures from a call of its owner. They stay until `end`.
  void begin(const KernelContext& context);
  /// One run; `inputs` are the body's own.
  std::vector<Tensor> run(std::vector<Tensor> inputs);
  void end() { inputs_.clear(); }

  [[nodiscard]] size_t inputCount() const { return names_.size(); }
  [[nodiscard]] size_t outputCount() const { return output_types_.size(); }
  /// What the body says of its output; nothing when it says nothing.
  [[nodiscard]] const std::optional<ValueType>& outputType(size_t index) const { return output_types_[index]; }
  /// Multiply-accumulates since `begin`.
  [[nodiscard]] Macs macs() const { return macs_; }
  [[nodiscard]] size_t bufferBytes() const { return executor_.bufferBytes(); }

 private:
  BodyRunner(const Body& body, const Node& owner, const ExecutorOptions& options);

  struct Capture {
    std::string name;
    size_t input;  // of the owner's call
  };

  std::vector<std::string> names_;  // of the body's own inputs
  std::vector<Capture> captures_;
  std::vector<std::optional<ValueType>> output_types_;
  Executor executor_;
  NamedTensors inputs_;
  Macs macs_;
};

/// The element of a tensor that has just one, as a condition and a number of iterations are given.
template <class T>
T soleElement(const Tensor& tensor, const char* what) {
  if (tensor.elementCount() != 1)
    throwBadInput("{} has shape {}, expected one element", what, toString(tensor.shape()));
  return tensor.data<T>()[0];
}

}  // namespace quant
