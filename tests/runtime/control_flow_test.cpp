// If, Loop and Scan on both backends.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "runtime/executor.h"
#include "support/onnx_text.h"
#include "support/op_runner.h"

namespace quant {
namespace {

using test::parseGraph;
using test::valuesOf;
using testing::ElementsAre;

class ControlFlow : public testing::TestWithParam<Backend> {
 protected:
  static Executor executorOf(const std::string& text, int opset = 16) {
    return Executor(parseGraph(text, opset), {.backend = GetParam(), .watched = {}, .fuse = true});
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, ControlFlow, testing::Values(Backend::kReference, Backend::kOneDnn),
                         [](const auto& backend) { return std::string(toString(backend.param)); });

template <class... Entries>
NamedTensors named(Entries... entries) {
  NamedTensors tensors;
  (tensors.insert(std::move(entries)), ...);
  return tensors;
}

std::pair<const std::string, Tensor> floats(const std::string& name, std::initializer_list<float> values) {
  return {name, Tensor::of<float>({std::ssize(values)}, values)};
}

TEST_P(ControlFlow, IfRunsTheBranchThatTheConditionNames) {
  Executor executor = executorOf(R"(g (bool c, float[2] x) => (float[2] y) <float[2] w = {3, 4}> {
      y = If (c) <then_branch = t () => (float[2] a) { a = Mul(x, w) },
                  else_branch = e () => (float[2] b) { b = Neg(x) }>
    })");
  const auto run = [&](bool condition) {
    return executor.run(named(std::pair{std::string("c"), Tensor::scalar(condition)}, floats("x", {1, 2})));
  };
  EXPECT_THAT(valuesOf(run(true)[0]), ElementsAre(3, 8));
  EXPECT_THAT(valuesOf(run(false)[0]), ElementsAre(-1, -2));
  EXPECT_THAT(valuesOf(run(true)[0]), ElementsAre(3, 8));
}

TEST_P(ControlFlow, AValueThatALoopCarriesMayGrow) {
  Executor executor = executorOf(R"(g (int64 n, float[N] x) => (float[M] y, float[K] sums) <bool yes = {1}> {
      y, sums = Loop (n, yes, x) <body = l (int64 i, bool go, float[1] s) => (bool go_on, float[P] t, float sum) {
        go_on = Identity(go)
        t = Concat <axis = 0> (s, x)
        sum = ReduceSum <keepdims = 0> (t)
      }>
    })");
  for (const int64_t n : {3, 1}) {
    const auto outputs = executor.run(named(std::pair{std::string("n"), Tensor::scalar(n)}, floats("x", {5})));
    EXPECT_EQ(outputs[0].shape(), Shape{n + 1});
    ASSERT_EQ(outputs[1].shape(), Shape{n});
    for (int64_t i = 0; i < n; ++i) EXPECT_EQ(valuesOf(outputs[1])[static_cast<size_t>(i)], 10 + 5 * i);
  }
}

constexpr const char* kCountUp =
    R"(g (int64 n, int64 most) => (int64 y, int64[K] all) <bool yes = {1}, int64 zero = {0}> {
    y, all = Loop (n, yes, zero) <body = l (int64 i, bool go, int64 s) => (bool go_on, int64 t, int64 each) {
      t = Add(s, i)
      each = Identity(t)
      go_on = Less(t, most)
    }>
  })";

TEST_P(ControlFlow, ALoopEndsWhenItsBodySaysSo) {
  Executor executor = executorOf(kCountUp);
  const auto outputs = executor.run(named(std::pair{std::string("n"), Tensor::scalar(int64_t{100})},
                                          std::pair{std::string("most"), Tensor::scalar(int64_t{5})}));
  EXPECT_THAT(valuesOf<int64_t>(outputs[0]), ElementsAre(6));
  EXPECT_THAT(valuesOf<int64_t>(outputs[1]), ElementsAre(0, 1, 3, 6));
}

TEST_P(ControlFlow, ALoopOfNoIterationsGivesItsStateAndNoElements) {
  Executor executor = executorOf(kCountUp);
  const auto outputs = executor.run(named(std::pair{std::string("n"), Tensor::scalar(int64_t{0})},
                                          std::pair{std::string("most"), Tensor::scalar(int64_t{5})}));
  EXPECT_THAT(valuesOf<int64_t>(outputs[0]), ElementsAre(0));
  EXPECT_EQ(outputs[1].shape(), Shape{0});
  EXPECT_EQ(outputs[1].type(), DataType::kInt64);
}

TEST_P(ControlFlow, BodiesInsideBodiesReadValuesOfAllGraphsAround) {
  Executor executor = executorOf(R"(g (float[2] x, float[2] u) => (float[2] y)
      <bool yes = {1}, int64 three = {3}, float[2] w = {10, 10}> {
      y = Loop (three, yes, x) <body = l (int64 i, bool go, float[2] s) => (bool go_on, float[2] t) {
        go_on = Identity(go)
        two = Constant <value_int = 2> ()
        late = Equal(i, two)
        t = If (late) <then_branch = tb () => (float[2] a) { a = Mul(s, w) },
                       else_branch = eb () => (float[2] b) { b = Add(s, u) }>
      }>
    })");
  const auto outputs = executor.run(named(floats("x", {1, 2}), floats("u", {1, 0})));
  EXPECT_THAT(valuesOf(outputs[0]), ElementsAre(30, 20));
}

TEST_P(ControlFlow, AScanGoesAlongAnyAxisInAnyDirection) {
  // Running sums of the columns of [[1,2,3],[4,5,6]] from the last one on, stacked along axis 1 from its end.
  Executor executor = executorOf(R"(g (float[2] z, float[2,3] x) => (float[2] last, float[2,3] sums) {
      last, sums = Scan (z, x) <num_scan_inputs = 1, scan_input_axes = [1], scan_input_directions = [1],
          scan_output_axes = [1], scan_output_directions = [1],
          body = b (float[2] s, float[2] column) => (float[2] t, float[2] u) { t = Add(s, column)  u = Identity(t) }>
    })");
  NamedTensors inputs = named(floats("z", {0, 0}));
  inputs["x"] = Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto outputs = executor.run(inputs);
  EXPECT_THAT(valuesOf(outputs[0]), ElementsAre(6, 15));
  EXPECT_THAT(valuesOf(outputs[1]), ElementsAre(6, 5, 3, 15, 11, 6));
}

TEST_P(ControlFlow, ProductsInBodiesAreCounted) {
  Executor executor = executorOf(R"(g (float[1,2] x) => (float[1,2] y)
      <bool yes = {1}, int64 three = {3}, float[2,2] w = {1, 1, 0, 1}> {
      y = Loop (three, yes, x) <body = l (int64 i, bool go, float[1,2] s) => (bool go_on, float[1,2] t) {
        go_on = Identity(go)
        t = MatMul(s, w)
      }>
    })");
  NamedTensors inputs;
  inputs["x"] = Tensor::of<float>({1, 2}, {1, 2});
  EXPECT_THAT(valuesOf(executor.run(inputs)[0]), ElementsAre(1, 5));
  EXPECT_EQ(executor.macs().total, 3 * 4);
}

TEST_P(ControlFlow, OperatorsWithoutAKernelAreNamedWithTheNodesTheyStandIn) {
  const std::string text = R"(g (bool c, float[2] x) => (float[2] z) {
      [choice] y = If (c) <
        then_branch = t () => (float[2] a) {
          [inner] a = If (c) <then_branch = tt () => (float[2] p) { [deep] p = com.microsoft.Unheard(x) },
                              else_branch = te () => (float[2] q) { q = Abs(x) }>
        },
        else_branch = e () => (float[2] b) { [flat] b = com.microsoft.Unknown(x) }>
      [last] z = com.microsoft.Unmade(y)
    })";
  try {
    executorOf(text);
    FAIL() << "an executor was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUnsupported);
    EXPECT_STREQ(error.what(),
                 "3 operators of this model cannot be run here: com.microsoft.Unheard-1 (node 'deep' in 'inner' in "
                 "'choice'), com.microsoft.Unknown-1 (node 'flat' in 'choice'), com.microsoft.Unmade-1 (node 'last')");
  }
}

TEST_P(ControlFlow, AnErrorInABodyNamesTheNodesAround) {
  Executor executor = executorOf(R"(g (bool c, float[N] x, float[M] u) => (float[K] y) {
      [choice] y = If (c) <then_branch = t () => (float[K] a) { [sum] a = Add(x, u) },
                           else_branch = e () => (float[K] b) { b = Neg(x) }>
    })");
  try {
    executor.run(named(std::pair{std::string("c"), Tensor::scalar(true)}, floats("x", {1, 2}), floats("u", {1, 2, 3})));
    FAIL() << "it ran";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::HasSubstr("\n  while running node 'sum' (Add)\n  while running node 'choice' (If)"));
  }
}

}  // namespace
}  // namespace quant
