#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "runtime/reference/register.h"

namespace quant::test {

/// Runs one node on the reference kernels: Op("Add").input(a).input(b).run().
class Op {
 public:
  explicit Op(std::string op_type, int64_t opset = 21, std::string domain = "")
      : node_(makeNode(op_type, {}, {}, "", domain)), opset_(domain.empty() ? opset : 1) {}

  template <class Value>
  Op& attr(std::string_view name, Value value) {
    if constexpr (std::is_same_v<Value, int>)
      node_.setAttr(name, static_cast<int64_t>(value));
    else if constexpr (std::is_same_v<Value, double>)
      node_.setAttr(name, static_cast<float>(value));
    else
      node_.setAttr(name, value);
    return *this;
  }
  Op& ints(std::string_view name, std::vector<int64_t> values) { return attr(name, values); }
  Op& text(std::string_view name, const std::string& value) { return attr(name, value); }
  Op& input(Tensor tensor) {
    inputs_.push_back({std::move(tensor), std::nullopt, std::nullopt, false});
    pointers_.push_back(&inputs_.back());
    return *this;
  }
  template <class T>
  Op& input(Shape shape, std::vector<T> values) {
    return input(Tensor::of<T>(std::move(shape), std::span<const T>(values)));
  }
  template <class T>
  Op& scalar(T value) {
    return input(Tensor::scalar(value));
  }
  Op& absent() {
    pointers_.push_back(nullptr);
    return *this;
  }

  /// The outputs, row-major.
  std::vector<Tensor> runAll(size_t outputs) {
    KernelRegistry registry;
    registerReferenceMath(registry);
    const auto* factory = registry.find(node_.domain(), node_.opType(), opset_);
    if (!factory) throw std::runtime_error(node_.opType() + " is not registered");
    const auto kernel = (*factory)(node_, opset_);
    KernelContext context(pointers_, outputs, std::vector<bool>(outputs, true));
    kernel->run(context);
    std::vector<Tensor> results;
    for (auto& result : context.results()) results.push_back(convertLayout(result.value(), Layout::kPlain));
    return results;
  }
  Tensor run() { return std::move(runAll(1)[0]); }
  /// What the error says that running throws; empty when it throws none.
  std::string error() {
    try {
      run();
    } catch (const Error& thrown) {
      return thrown.what();
    }
    return "";
  }

 private:
  Node node_;
  int64_t opset_;
  std::deque<KernelContext::Value> inputs_;
  std::vector<KernelContext::Value*> pointers_;
};

template <class T>
std::vector<T> values(const Tensor& tensor) {
  const auto data = tensor.data<T>();
  return {data.begin(), data.end()};
}

/// `count` integers of type T, all its values equally likely.
template <class T>
std::vector<T> randomIntegers(std::mt19937& random, int64_t count) {
  std::uniform_int_distribution<int> draw(std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  std::vector<T> result(static_cast<size_t>(count));
  for (T& value : result) value = static_cast<T>(draw(random));
  return result;
}

}  // namespace quant::test
