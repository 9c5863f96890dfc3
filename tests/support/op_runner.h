#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "runtime/backend.h"
#include "runtime/kernel.h"

namespace quant::test {

/// Runs one operator on the reference backend, as it is in models of one opset version:
///
///   OpRunner("Concat", 13).attr("axis", int64_t{0}).input(a).input(b).run()
class OpRunner {
 public:
  OpRunner(const std::string& op_type, int64_t opset) : opset_(opset), node_(makeNode(op_type, {}, {})) {}

  template <class T>
  OpRunner& attr(const std::string& name, T value) {
    node_.setAttr(name, std::move(value));
    return *this;
  }
  OpRunner& input(Tensor tensor) {
    auto value = std::make_unique<KernelContext::Value>();
    value->tensor = std::move(tensor);
    values_.push_back(std::move(value));
    return *this;
  }
  OpRunner& absent() {
    values_.push_back(nullptr);
    return *this;
  }

  std::vector<Tensor> runAll(size_t outputs) {
    const KernelRegistry registry = kernelsOf(Backend::kReference);
    const auto* factory = registry.find("", node_.opType(), opset_);
    if (factory == nullptr) throwInternal("no kernel for {} of opset {}", node_.opType(), opset_);
    std::vector<KernelContext::Value*> inputs;
    for (const auto& value : values_) inputs.push_back(value.get());
    KernelContext context(std::move(inputs), outputs, std::vector<bool>(outputs, true));
    (*factory)(node_, opset_)->run(context);
    std::vector<Tensor> results;
    for (auto& result : context.results()) results.push_back(result ? std::move(*result) : Tensor());
    return results;
  }
  Tensor run() { return std::move(runAll(1)[0]); }

  /// What the operator says when it refuses.
  std::string refusal() {
    try {
      runAll(1);
    } catch (const Error& error) {
      return error.what();
    }
    return "(it ran)";
  }

 private:
  int64_t opset_;
  Node node_;
  std::vector<std::unique_ptr<KernelContext::Value>> values_;
};

/// A 1-D tensor of int64, as shapes, axes and indices are given.
inline Tensor ints(std::initializer_list<int64_t> values) {
  return Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values);
}

/// 0, 1, 2, ...
inline Tensor counting(Shape shape) {
  Tensor tensor(DataType::kFloat32, std::move(shape));
  float next = 0;
  for (float& value : tensor.data<float>()) value = next++;
  return tensor;
}

template <class T = float>
std::vector<T> valuesOf(const Tensor& tensor) {
  const auto data = tensor.data<T>();
  return {data.begin(), data.end()};
}

}  // namespace quant::test
