#include "runtime/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/message_of.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::messageOf;
using test::parseGraph;
using testing::ElementsAre;
using testing::Pair;

NamedTensors input(const std::string& name, Tensor tensor) {
  NamedTensors inputs;
  inputs[name] = std::move(tensor);
  return inputs;
}

constexpr const char* kRelu = "g (float[1,N] x) => (float[1,N] y) { y = Relu(x) }";

TEST(Executor, AMissingInputIsNamed) {
  Executor executor(parseGraph(kRelu));
  EXPECT_EQ(messageOf([&] { executor.run({}); }), "the model's input 'x' is not given");
}

TEST(Executor, AnInputOfAnotherTypeIsAnErrorWithBothTypes) {
  Executor executor(parseGraph(kRelu));
  EXPECT_EQ(messageOf([&] {
              executor.run(input("x", Tensor::of<int64_t>({1, 1}, {1})));
            }),
            "input 'x' is int64, but the model expects float");
}

TEST(Executor, FloatInputsAreRoundedForAModelOfHalves) {
  Executor executor(parseGraph("g (float16[1,1] x) => (float[1,1] y) { y = Cast<to = 1>(x) }"));
  const auto outputs = executor.run(input("x", Tensor::of<float>({1, 1}, {2049})));
  EXPECT_EQ(outputs[0].data<float>()[0], 2048);  // halves count by twos from there on
}

TEST(Executor, AnInputOfAnotherShapeIsAnErrorWithBothShapes) {
  Executor executor(parseGraph(kRelu));
  EXPECT_EQ(messageOf([&] {
              executor.run(input("x", Tensor::of<float>({2, 1}, {1, 2})));
            }),
            "input 'x' has shape [2,1], but the model expects [1,-1] (-1: any size)");
}

TEST(Executor, EveryOperatorWithoutAKernelIsNamedAtOnce) {
  const Graph graph = parseGraph(R"(g (float[1] x) => (float[1] z) {
      [a] y = com.microsoft.Unheard(x)
      [b] u = com.microsoft.Unknown(y)
      [c] z = com.microsoft.Unknown(u)
    })");
  EXPECT_EQ(messageOf([&] { Executor executor(graph); }),
            "2 operators of this model cannot be run here: com.microsoft.Unheard-1 (node 'a'), "
            "com.microsoft.Unknown-1 (2 nodes)");
}

TEST(Executor, AnErrorInAKernelNamesTheNode) {
  Executor executor(parseGraph("g (float[N] x, float[M] y) => (float[K] z) { [sum] z = Add(x, y) }"));
  NamedTensors inputs = input("x", Tensor::of<float>({2}, {1, 2}));
  inputs["y"] = Tensor::of<float>({3}, {1, 2, 3});
  EXPECT_THAT(messageOf([&] { executor.run(inputs); }), testing::HasSubstr("\n  while running node 'sum' (Add)"));
}

TEST(Executor, AnOutputMayBeAnInputOrAConstant) {
  Executor executor(
      parseGraph("g (float[2] x) => (float[2] x, float[2] c, float[2] y) <float[2] c = {5, 6}> { y = Relu(x) }"));
  for (int run = 0; run < 2; ++run) {
    const auto outputs = executor.run(input("x", Tensor::of<float>({2}, {-1, 2})));
    EXPECT_THAT(outputs[0].data<float>(), ElementsAre(-1, 2));
    EXPECT_THAT(outputs[1].data<float>(), ElementsAre(5, 6));
    EXPECT_THAT(outputs[2].data<float>(), ElementsAre(0, 2));
  }
}

TEST(Executor, WatchesInputsIntermediatesAndOutputs) {
  const Graph graph = parseGraph("g (float[1] x) => (float[1] z) { y = Neg(x)  z = Relu(y) }");
  Executor executor(graph, {Backend::kReference, {"x", "y", "z"}, true});
  std::map<std::string, float> seen;
  executor.run(input("x", Tensor::of<float>({1}, {-3})),
               [&](const std::string& value, const Tensor& tensor) { seen[value] = tensor.data<float>()[0]; });
  EXPECT_THAT(seen, ElementsAre(Pair("x", -3), Pair("y", 3), Pair("z", 3)));
}

// u is an alias of y, whose buffer must not be handed out while u is still to be read.
TEST(Executor, AnAliasKeepsItsBufferFromReuse) {
  Executor executor(parseGraph(R"(g (float[2,32] x) => (float[64] z) <int64[1] flat = {64}> {
      y = Neg(x)
      u = Reshape(y, flat)
      a = Neg(x)
      b = Neg(a)
      c = Reshape(b, flat)
      z = Add(u, c)
    })"));
  for (int run = 0; run < 2; ++run) {
    const auto outputs = executor.run(input("x", Tensor::of<float>({2, 32}, std::vector<float>(64, 3))));
    EXPECT_THAT(outputs[0].data<float>(), testing::Each(0));
  }
}

TEST(Executor, AnOutputOutlivesTheNextRunAndTheExecutor) {
  auto executor = std::make_unique<Executor>(parseGraph(kRelu));
  const auto first = executor->run(input("x", Tensor::of<float>({1, 2}, {1, 2})));
  const auto second = executor->run(input("x", Tensor::of<float>({1, 2}, {3, 4})));
  executor.reset();
  EXPECT_THAT(first[0].data<float>(), ElementsAre(1, 2));
  EXPECT_THAT(second[0].data<float>(), ElementsAre(3, 4));
}

TEST(Executor, ShapesMayChangeFromRunToRun) {
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    Executor executor(parseGraph(R"(g (float[N,1,H,W] x) => (float[N,1,P,Q] y)
        <float[1,1,2,2] w = {1, 1, 1, 1}> { c = Conv(x, w)  y = Relu(c) })"),
                      {backend, {}, true});
    for (const int64_t size : {2, 3, 2}) {
      const auto count = static_cast<size_t>(size * size);
      const auto outputs =
          executor.run(input("x", Tensor::of<float>({1, 1, size, size}, std::vector<float>(count, 1))));
      EXPECT_EQ(outputs[0].shape(), (Shape{1, 1, size - 1, size - 1}));
      EXPECT_THAT(outputs[0].data<float>(), testing::Each(4));
      EXPECT_EQ(executor.macs().total, (size - 1) * (size - 1) * 4);
    }
  }
}

TEST(Executor, EmptyTensorsPass) {
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    Executor executor(parseGraph(R"(g (float[N,3] x) => (float[N,2] y)
        <float[3,2] w = {1, 2, 3, 4, 5, 6}> { m = MatMul(x, w)  y = Relu(m) })"),
                      {backend, {}, true});
    EXPECT_EQ(executor.run(input("x", Tensor(DataType::kFloat32, {0, 3})))[0].shape(), (Shape{0, 2}));
  }
}

TEST(Executor, OptionalOutputsMayBeLeftOut) {
  Executor executor(parseGraph(R"(g (float[1,4] x) => (int64[1,2] i)
      <int64[1] k = {2}> { v, i = TopK(x, k) })"));
  EXPECT_THAT(executor.run(input("x", Tensor::of<float>({1, 4}, {1, 4, 2, 3})))[0].data<int64_t>(), ElementsAre(1, 3));
}

}  // namespace
}  // namespace quant
