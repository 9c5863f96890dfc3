#pragma once

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "graph/node.h"
#include "runtime/buffer_pool.h"

namespace quant {

/// What one call of a kernel reads and writes.
///
/// Inputs come in the layout that the kernel asks for: `input` gives row-major elements, `inputAs` the layout named,
/// `inputAsIs` whatever lies there. A conversion is made at most once for a value, however many kernels ask.
class KernelContext {
 public:
  /// One input: the value as its producer left it, and the other layouts made of it so far.
  struct Value {
    Tensor tensor;
    std::optional<Tensor> plain, channels_last;
    bool is_constant = false;  ///< the same elements at every run: kernels may keep what they derive from it

    /// Gives the memory back. Unlike a new Value, what is left has no shape that would have to be allocated.
    void clear() {
      const Tensor gone = std::move(tensor);
      plain.reset();
      channels_last.reset();
    }
  };

  /// `inputs` holds null for an input that is left out. `pool` gives the memory of outputs; null for plain allocation.
  KernelContext(std::vector<Value*> inputs, size_t output_count, std::vector<bool> wanted, BufferPool* pool = nullptr)
      : inputs_(std::move(inputs)), outputs_(output_count), wanted_(std::move(wanted)), pool_(pool) {}

  /// A call of another kernel with the first `count` inputs of this one and one output.
  [[nodiscard]] KernelContext withInputs(size_t count) const {
    return {{inputs_.begin(), inputs_.begin() + static_cast<std::ptrdiff_t>(std::min(count, inputs_.size()))},
            1,
            {true},
            pool_};
  }
  /// The same with the inputs of this one at `indices`.
  [[nodiscard]] KernelContext withInputs(std::initializer_list<size_t> indices) const {
    std::vector<Value*> inputs;
    for (const size_t index : indices) inputs.push_back(has(index) ? inputs_[index] : nullptr);
    return {std::move(inputs), 1, {true}, pool_};
  }

  [[nodiscard]] size_t inputCount() const { return inputs_.size(); }
  /// False when the node leaves that optional input out.
  [[nodiscard]] bool has(size_t index) const { return index < inputs_.size() && inputs_[index] != nullptr; }
  [[nodiscard]] bool isConstant(size_t index) const { return has(index) && inputs_[index]->is_constant; }
  /// Row-major elements. Throws (bad input) when the input is absent.
  [[nodiscard]] const Tensor& input(size_t index) { return inputAs(index, Layout::kPlain); }
  [[nodiscard]] const Tensor& inputAs(size_t index, Layout layout);
  [[nodiscard]] const Tensor& inputAsIs(size_t index) const;
  /// Row-major elements, or null when absent.
  [[nodiscard]] const Tensor* optionalInput(size_t index) { return has(index) ? &input(index) : nullptr; }

  /// Makes output `index` with elements to be filled.
  Tensor& output(size_t index, DataType type, Shape shape, Layout layout = Layout::kPlain);
  /// Makes output `index` from a finished tensor, e.g. an alias of an input.
  void setOutput(size_t index, Tensor tensor) { outputs_[index] = std::move(tensor); }
  [[nodiscard]] size_t outputCount() const { return outputs_.size(); }
  /// False when nobody reads that output; the kernel may leave it out.
  [[nodiscard]] bool wants(size_t index) const { return index < wanted_.size() && wanted_[index]; }

  /// What the kernel made; called by the executor after `run`.
  [[nodiscard]] std::vector<std::optional<Tensor>>& results() { return outputs_; }
  /// Makes it ready for another call.
  void forgetResults() { std::ranges::fill(outputs_, std::nullopt); }

 private:
  std::vector<Value*> inputs_;
  std::vector<std::optional<Tensor>> outputs_;
  std::vector<bool> wanted_;
  BufferPool* pool_;
};

/// The same elements in another layout.
Tensor convertLayout(const Tensor& src, Layout layout, BufferPool* pool = nullptr);

/// One node made ready to run. Attributes are read when it is made; what depends on shapes is prepared at the first run
/// with them and kept for the next. Not thread-safe; inside, a kernel uses OpenMP.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual void run(KernelContext& context) = 0;
};

/// Operators that can be run: by domain, name and the opset from which on a kernel's rules hold. A plain object: tests
/// can fill one with two operators.
class KernelRegistry {
 public:
  /// `opset` is the version of the node's domain in its model.
  using Factory = std::function<std::unique_ptr<Kernel>(const Node& node, int64_t opset)>;

  /// For ONNX's own domain. A later `add` of the same operator and version replaces the earlier one.
  void add(std::string_view op_type, int64_t since_version, Factory factory) {
    add("", op_type, since_version, std::move(factory));
  }
  void add(std::string_view domain, std::string_view op_type, int64_t since_version, Factory factory);
  /// A kernel that needs nothing but a function of its node and the call.
  void addFunction(std::string_view op_type, int64_t since_version,
                   std::function<void(const Node& node, KernelContext& context)> function) {
    addFunction("", op_type, since_version, std::move(function));
  }
  void addFunction(std::string_view domain, std::string_view op_type, int64_t since_version,
                   std::function<void(const Node& node, KernelContext& context)> function);
  /// The factory of the newest version that `opset` allows, or null.
  [[nodiscard]] const Factory* find(std::string_view domain, std::string_view op_type, int64_t opset) const;
  /// The versions from which on a factory holds, in order; empty for an unknown operator.
  [[nodiscard]] std::vector<int64_t> versions(std::string_view domain, std::string_view op_type) const;

 private:
  std::map<std::string, std::map<int64_t, Factory>, std::less<>> factories_;  // by "domain:Op"
};

}  // namespace quant
