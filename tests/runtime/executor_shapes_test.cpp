// What was prepared for a shape is kept: counted by the primitives that oneDNN says it makes.
#include <dnnl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>

#include "runtime/executor.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

/// Primitives that are created while `action` runs, new or from oneDNN's own cache.
int primitivesMadeBy(const std::function<void()>& action) {
  constexpr int kCreations = 2;
  dnnl_set_verbose(kCreations);
  testing::internal::CaptureStdout();
  action();
  std::fflush(stdout);
  const std::string said = testing::internal::GetCapturedStdout();
  dnnl_set_verbose(0);
  int count = 0;
  for (size_t at = said.find(",create"); at != std::string::npos; at = said.find(",create", at + 1)) ++count;
  return count;
}

Tensor ones(Shape shape) {
  Tensor tensor(DataType::kFloat32, std::move(shape));
  std::ranges::fill(tensor.data<float>(), 1.0F);
  return tensor;
}

class ShapesOfRuns : public testing::Test {
 protected:
  /// Primitives that a run with this input makes.
  int run(Executor& executor, const Shape& shape) {
    NamedTensors inputs;
    inputs["x"] = ones(shape);
    return primitivesMadeBy([&] { executor.run(inputs); });
  }
};

TEST_F(ShapesOfRuns, ABatchOfAnotherSizeCostsOnlyItselfAndTheFirstOneStays) {
  Executor executor(test::parseGraph(R"(g (float[N,2,4,4] x) => (float[N,2,4,4] y)
      <float[2,2,1,1] v = {1, 2, 3, 4}, float[2,2,1,1] w = {4, 3, 2, 1}> {
        a = Conv(x, v)  b = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(a)  y = Conv(b, w)
      })"));
  const int first = run(executor, {1, 2, 4, 4});
  if (first == 0) GTEST_SKIP() << "this oneDNN does not say what it creates";
  const int second = run(executor, {3, 2, 4, 4});
  EXPECT_GT(second, 0);
  EXPECT_LE(second, first);
  EXPECT_EQ(run(executor, {1, 2, 4, 4}), 0);
  EXPECT_EQ(run(executor, {3, 2, 4, 4}), 0);
}

TEST_F(ShapesOfRuns, WhatDoesNotDependOnTheShapeIsNotMadeAgain) {
  // The second branch sees the same shape whatever the sequence is.
  Executor executor(test::parseGraph(R"(g (float[1,S,4] x) => (float[1,S,3] y, float[1,3] z)
      <float[4,3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, int64[1] axis = {1}> {
        y = MatMul(x, w)
        m = ReduceMax<axes = [1], keepdims = 0>(x)  z = MatMul(m, w)
      })"));
  run(executor, {1, 5, 4});
  const int first = run(executor, {1, 5, 4});
  EXPECT_EQ(first, 0);
  Executor alone(test::parseGraph(R"(g (float[1,S,4] x) => (float[1,S,3] y)
      <float[4,3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}> { y = MatMul(x, w) })"));
  run(alone, {1, 5, 4});
  EXPECT_LE(run(executor, {1, 9, 4}), run(alone, {1, 9, 4}) + 1);  // and the reduction
}

TEST_F(ShapesOfRuns, BuffersAreUsedAgain) {
  Executor executor(test::parseGraph(R"(g (float[N,1000] x) => (float[N,1000] y) {
      a = Relu(x)  b = Sigmoid(a)  c = Tanh(b)  d = Relu(c)  y = Tanh(d)
    })"));
  run(executor, {10, 1000});
  const size_t once = executor.bufferBytes();
  EXPECT_LE(once, 2U * 10 * 1000 * sizeof(float));  // one that is read, one that is written
  run(executor, {10, 1000});
  EXPECT_EQ(executor.bufferBytes(), once);
}

}  // namespace
}  // namespace quant
