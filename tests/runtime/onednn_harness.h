#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "runtime/backend.h"
#include "runtime/onednn/register.h"

namespace quant::test {

/// One input of a node under test.
struct NodeInput {
  Tensor tensor;  // row-major
  bool is_constant = false;
  Layout layout = Layout::kPlain;
  bool is_absent = false;
};

inline NodeInput value(Tensor tensor, Layout layout = Layout::kPlain) { return {std::move(tensor), false, layout}; }
inline NodeInput constant(Tensor tensor) { return {std::move(tensor), true}; }
inline NodeInput absent() { return {Tensor(), false, Layout::kPlain, true}; }

/// Runs one node on two sets of kernels: those of oneDNN alone (a kernel that falls back fails) and the reference's.
class NodeRunner {
 public:
  explicit NodeRunner(std::string_view op_type, int64_t opset = 13, std::string_view domain = "")
      : node_(makeNode(op_type, {"x"}, {"y"}, "n", domain)), opset_(opset) {}

  template <class T>
  NodeRunner& set(std::string_view name, T attribute) {
    node_.setAttr(name, attribute);
    return *this;
  }

  /// Row-major outputs of the kernel in `registry`; `times` runs of one kernel, the last one's outputs.
  std::vector<Tensor> run(const KernelRegistry& registry, const std::vector<NodeInput>& inputs, int times = 1,
                          size_t outputs = 1) const {
    const auto* factory = registry.find(node_.domain(), node_.opType(), opset_);
    if (factory == nullptr) throw std::runtime_error("no kernel for " + node_.opType());
    const auto kernel = (*factory)(node_, opset_);
    std::vector<Tensor> results;
    for (int i = 0; i < times; ++i) results = runOnce(*kernel, inputs, outputs);
    return results;
  }

  /// oneDNN's kernels without any to fall back to.
  [[nodiscard]] Tensor runAlone(const std::vector<NodeInput>& inputs) const {
    KernelRegistry registry;
    registerOneDnn(registry);
    return std::move(run(registry, inputs, 2).front());
  }
  [[nodiscard]] Tensor runReference(const std::vector<NodeInput>& inputs) const {
    return std::move(run(kernelsOf(Backend::kReference), inputs).front());
  }
  /// As the executor does it: oneDNN where it can.
  [[nodiscard]] Tensor runBackend(const std::vector<NodeInput>& inputs) const {
    return std::move(run(kernelsOf(Backend::kOneDnn), inputs).front());
  }

 private:
  static std::vector<Tensor> runOnce(Kernel& kernel, const std::vector<NodeInput>& inputs, size_t outputs) {
    std::deque<KernelContext::Value> values;
    std::vector<KernelContext::Value*> pointers;
    for (const NodeInput& input : inputs) {
      values.push_back({convertLayout(input.tensor, input.layout), {}, {}, input.is_constant});
      pointers.push_back(input.is_absent ? nullptr : &values.back());
    }
    KernelContext context(std::move(pointers), outputs, std::vector<bool>(outputs, true));
    kernel.run(context);
    std::vector<Tensor> results;
    for (auto& result : context.results()) results.push_back(convertLayout(result.value(), Layout::kPlain));
    return results;
  }

  Node node_;
  int64_t opset_;
};

/// Tensors of random elements; the same ones at every run.
class Randomness {
 public:
  explicit Randomness(unsigned seed = 7) : engine_(seed) {}

  Tensor floats(const Shape& shape, float low = -1, float high = 1) {
    Tensor tensor(DataType::kFloat32, shape);
    std::uniform_real_distribution<float> distribution(low, high);
    for (float& x : tensor.data<float>()) x = distribution(engine_);
    return tensor;
  }
  template <class T>
  Tensor integers(const Shape& shape, int low = std::numeric_limits<T>::min(),
                  int high = std::numeric_limits<T>::max()) {
    Tensor tensor(kDataTypeOf<T>, shape);
    std::uniform_int_distribution<int> distribution(low, high);
    for (T& x : tensor.data<T>()) x = static_cast<T>(distribution(engine_));
    return tensor;
  }
  int64_t between(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(engine_); }
  template <class T>
  T oneOf(std::initializer_list<T> choices) {
    return choices.begin()[between(0, static_cast<int64_t>(choices.size()) - 1)];
  }

 private:
  std::mt19937 engine_;
};

/// Every element differs by at most `tolerance` times the largest element of `expected`.
inline void expectNear(const Tensor& actual, const Tensor& expected, double tolerance = 1e-5) {
  ASSERT_EQ(actual.type(), expected.type());
  ASSERT_EQ(actual.shape(), expected.shape());
  const auto a = actual.data<float>(), e = expected.data<float>();
  double largest = 0, worst = 0;
  for (size_t i = 0; i < e.size(); ++i) {
    if (std::isnan(e[i]) || std::isinf(e[i])) {
      ASSERT_TRUE(std::isnan(e[i]) ? std::isnan(a[i]) : a[i] == e[i]) << "element " << i;
      continue;
    }
    largest = std::max(largest, std::abs(static_cast<double>(e[i])));
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - e[i]));
    ASSERT_FALSE(std::isnan(a[i])) << "element " << i;
  }
  EXPECT_LE(worst, tolerance * largest);
}

inline int64_t integerAt(const Tensor& tensor, size_t i) {
  switch (tensor.type()) {
    case DataType::kUInt8: return tensor.data<uint8_t>()[i];
    case DataType::kInt8: return tensor.data<int8_t>()[i];
    default: return tensor.data<int32_t>()[i];
  }
}

/// Integers that are equal, but for a share of at most `share` that may be one level off.
inline void expectSameLevels(const Tensor& actual, const Tensor& expected, double share = 0) {
  ASSERT_EQ(actual.type(), expected.type());
  ASSERT_EQ(actual.shape(), expected.shape());
  int64_t different = 0, worst = 0;
  for (size_t i = 0; i < static_cast<size_t>(expected.elementCount()); ++i) {
    const int64_t distance = std::abs(integerAt(actual, i) - integerAt(expected, i));
    different += distance != 0 ? 1 : 0;
    worst = std::max(worst, distance);
  }
  EXPECT_LE(worst, share > 0 ? 1 : 0);
  EXPECT_LE(static_cast<double>(different), share * static_cast<double>(expected.elementCount()));
}

}  // namespace quant::test
