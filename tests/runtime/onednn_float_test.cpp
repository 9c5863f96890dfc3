// oneDNN's float kernels against the reference kernels.
#include <gtest/gtest.h>

#include "runtime/lowering/lowering.h"
#include "runtime/onednn_harness.h"

namespace quant::test {
namespace {

using Ints = std::vector<int64_t>;

void expectAgreement(const NodeRunner& node, const std::vector<NodeInput>& inputs, double tolerance = 1e-5) {
  expectNear(node.runAlone(inputs), node.runReference(inputs), tolerance);
}

/// A convolution with random attributes over `axes` spatial axes, and inputs for it.
struct RandomConvolution {
  RandomConvolution(Randomness& random, size_t axes, int64_t groups) {
    const int64_t in = groups * random.between(1, 5), out = groups * random.between(1, 5);
    src = {random.between(1, 3), in};
    weights = {out, in / groups};
    for (size_t i = 0; i < axes; ++i) {
      const int64_t kernel = random.between(1, 3), dilation = random.between(1, 2);
      weights.push_back(kernel);
      strides.push_back(random.between(1, 2));
      dilations.push_back(dilation);
      src.push_back((kernel - 1) * dilation + random.between(1, 6));
    }
    for (size_t i = 0; i < 2 * axes; ++i) pads.push_back(random.between(0, 2));
  }

  NodeRunner node(const char* op_type = "Conv", const char* domain = "") const {
    NodeRunner runner(op_type, 13, domain);
    runner.set("strides", strides).set("dilations", dilations).set("pads", pads);
    return runner;
  }

  Shape src, weights;
  Ints strides, dilations, pads;
};

TEST(OneDnnConv, AgreesWithTheReferenceOverRandomAttributes) {
  Randomness random;
  for (const size_t axes : {1, 2, 3}) {
    for (int i = 0; i < 12; ++i) {
      const int64_t groups = random.oneOf<int64_t>({1, 1, 2, 4});
      const RandomConvolution conv(random, axes, groups);
      auto node = conv.node();
      node.set("group", groups);
      std::vector<NodeInput> inputs;
      inputs.push_back(value(random.floats(conv.src), random.oneOf({Layout::kPlain, Layout::kChannelsLast})));
      inputs.push_back(constant(random.floats(conv.weights)));
      if (i % 2 == 0) inputs.push_back(constant(random.floats({conv.weights[0]})));
      expectAgreement(node, inputs);
    }
  }
}

TEST(OneDnnConv, RunsDepthwise) {
  Randomness random;
  NodeRunner node("Conv");
  node.set("group", int64_t{24}).set("pads", Ints{2, 2, 2, 2}).set("strides", Ints{2, 2});
  std::vector<NodeInput> inputs;
  inputs.push_back(value(random.floats({2, 24, 15, 14}), Layout::kChannelsLast));
  inputs.push_back(constant(random.floats({24, 1, 5, 5})));
  inputs.push_back(constant(random.floats({24})));
  expectAgreement(node, inputs);
}

TEST(OneDnnConv, PadsAsAutoPadSays) {
  Randomness random;
  for (const char* mode : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    NodeRunner node("Conv");
    node.set("auto_pad", std::string(mode)).set("strides", Ints{2, 2});
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.floats({1, 3, 8, 9})));
    inputs.push_back(constant(random.floats({5, 3, 3, 4})));
    expectAgreement(node, inputs);
  }
}

TEST(OneDnnConv, TakesWeightsThatChangeFromRunToRun) {
  Randomness random;
  const KernelRegistry registry = kernelsOf(Backend::kOneDnn);
  const Node node(makeNode("Conv", {"x", "w"}, {"y"}));
  const auto kernel = (*registry.find("", "Conv", 13))(node, 13);
  for (int i = 0; i < 3; ++i) {
    KernelContext::Value x{random.floats({1, 4, 5, 5}), {}, {}, false}, w{random.floats({6, 4, 3, 3}), {}, {}, false};
    KernelContext context({&x, &w}, 1, {true});
    kernel->run(context);
    std::vector<NodeInput> inputs;
    inputs.push_back(value(x.tensor.alias()));
    inputs.push_back(value(w.tensor.alias()));
    expectNear(convertLayout(*context.results()[0], Layout::kPlain), NodeRunner("Conv").runReference(inputs));
  }
}

TEST(OneDnnConv, LeavesItsResultChannelsLast) {
  Randomness random;
  const KernelRegistry registry = kernelsOf(Backend::kOneDnn);
  const Node node(makeNode("Conv", {"x", "w"}, {"y"}));
  const auto kernel = (*registry.find("", "Conv", 13))(node, 13);
  KernelContext::Value x{random.floats({1, 4, 5, 5}), {}, {}, false}, w{random.floats({6, 4, 3, 3}), {}, {}, true};
  KernelContext context({&x, &w}, 1, {true});
  kernel->run(context);
  EXPECT_EQ(context.results()[0]->layout(), Layout::kChannelsLast);
}

TEST(OneDnnConv, HandsDoublesToTheReference) {
  std::vector<NodeInput> inputs;
  inputs.push_back(value(Tensor::of<double>({1, 1, 2, 2}, {1, 2, 3, 4})));
  inputs.push_back(constant(Tensor::of<double>({1, 1, 1, 1}, {2})));
  const Tensor result = NodeRunner("Conv").runBackend(inputs);
  EXPECT_THAT(result.data<double>(), testing::ElementsAre(2, 4, 6, 8));
}

TEST(OneDnnConv, RefusesABiasOfAnotherLength) {
  Randomness random;
  std::vector<NodeInput> inputs;
  inputs.push_back(value(random.floats({1, 4, 5, 5})));
  inputs.push_back(constant(random.floats({6, 4, 1, 1})));
  inputs.push_back(constant(random.floats({5})));
  EXPECT_THROW(NodeRunner("Conv").runBackend(inputs), Error);
}

TEST(OneDnnConvTranspose, AgreesWithTheReferenceOverRandomAttributes) {
  Randomness random;
  for (const size_t axes : {1, 2, 3}) {
    for (int i = 0; i < 12; ++i) {
      const int64_t groups = random.oneOf<int64_t>({1, 1, 2});
      const int64_t in = groups * random.between(1, 4), out = random.between(1, 4);
      Shape src{random.between(1, 2), in}, weights{in, out};
      Ints strides, dilations, pads, extra;
      for (size_t axis = 0; axis < axes; ++axis) {
        src.push_back(random.between(2, 5));
        weights.push_back(random.between(2, 3));
        strides.push_back(random.between(1, 3));
        dilations.push_back(random.between(1, 2));
        extra.push_back(random.between(0, strides.back() - 1));
      }
      for (size_t axis = 0; axis < 2 * axes; ++axis) pads.push_back(random.between(0, 1));
      NodeRunner node("ConvTranspose");
      node.set("strides", strides).set("dilations", dilations).set("pads", pads);
      node.set("output_padding", extra).set("group", groups);
      std::vector<NodeInput> inputs;
      inputs.push_back(value(random.floats(src), random.oneOf({Layout::kPlain, Layout::kChannelsLast})));
      inputs.push_back(constant(random.floats(weights)));
      if (i % 2 == 0) inputs.push_back(constant(random.floats({out * groups})));
      expectAgreement(node, inputs);
    }
  }
}

TEST(OneDnnConvTranspose, GivesTheOutputShapeThatIsAskedFor) {
  Randomness random;
  for (const int64_t size : {9, 10, 11, 12}) {
    NodeRunner node("ConvTranspose");
    node.set("strides", Ints{3, 3}).set("output_shape", Ints{size, size});
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.floats({1, 3, 3, 3})));
    inputs.push_back(constant(random.floats({3, 2, 3, 3})));
    expectNear(node.runBackend(inputs), node.runReference(inputs));
  }
}

/// The reference's kernels one after the other: what a fused node must give.
Tensor activate(const std::string& name, float alpha, float beta, Tensor x) {
  std::vector<NodeInput> inputs;
  inputs.push_back(value(std::move(x)));
  if (name == "Swish") {
    for (float& element : inputs[0].tensor.data<float>()) element /= 1 + std::exp(-alpha * element);
    return std::move(inputs[0].tensor);
  }
  NodeRunner node(name == "GeluTanh" ? "Gelu" : name, name.starts_with("Gelu") ? 20 : name == "Clip" ? 6 : 18);
  if (name == "GeluTanh") node.set("approximate", std::string("tanh"));
  if (name == "Clip") node.set("min", alpha).set("max", beta);
  if (name == "LeakyRelu" || name == "Elu" || name == "HardSigmoid") node.set("alpha", alpha);
  if (name == "HardSigmoid") node.set("beta", beta);
  return node.runReference(inputs);
}

struct NamedActivation {
  const char* name;
  float alpha, beta;
};
constexpr NamedActivation kActivations[] = {{"Relu", 0, 0},
                                            {"Clip", 0, 0.6F},
                                            {"Clip", -0.5F, 0.4F},
                                            {"HardSwish", 0, 0},
                                            {"HardSigmoid", 0.3F, 0.4F},
                                            {"LeakyRelu", 0.1F, 0},
                                            {"Sigmoid", 0, 0},
                                            {"Tanh", 0, 0},
                                            {"Gelu", 0, 0},
                                            {"GeluTanh", 0, 0},
                                            {"Swish", 1, 0},
                                            {"Swish", 1.702F, 0},
                                            {"Elu", 0.7F, 0}};

Tensor sumOf(const Tensor& a, const Tensor& b) {
  Tensor sum = a.clone();
  for (size_t i = 0; i < sum.data<float>().size(); ++i) sum.data<float>()[i] += b.data<float>()[i];
  return sum;
}

TEST(OneDnnFusedConv, IsConvThenResidualThenActivation) {
  Randomness random;
  for (const auto& [name, alpha, beta] : kActivations) {
    SCOPED_TRACE(name);
    for (const bool has_residual : {false, true}) {
      std::vector<NodeInput> inputs;
      inputs.push_back(value(random.floats({2, 8, 6, 5}), Layout::kChannelsLast));
      inputs.push_back(constant(random.floats({12, 8, 1, 1})));
      inputs.push_back(constant(random.floats({12})));
      Tensor expected = NodeRunner("Conv").runReference(inputs);
      if (has_residual) {
        inputs.push_back(value(random.floats({2, 12, 6, 5}), Layout::kChannelsLast));
        expected = sumOf(expected, inputs.back().tensor);
      }
      NodeRunner node("FusedConv", 1, kFusedDomain);
      node.set("activation", std::string(name)).set("activation_alpha", alpha).set("activation_beta", beta);
      expectNear(node.runAlone(inputs), activate(name, alpha, beta, std::move(expected)));
    }
  }
}

TEST(OneDnnFusedConv, NamesInputsThatItCannotRun) {
  std::vector<NodeInput> inputs;
  inputs.push_back(value(Tensor::of<double>({1, 1, 1, 1}, {1})));
  inputs.push_back(constant(Tensor::of<double>({1, 1, 1, 1}, {2})));
  try {
    (void)NodeRunner("FusedConv", 1, kFusedDomain).runAlone(inputs);
    FAIL() << "double was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUnsupported);
    EXPECT_STREQ(error.what(), "operator FusedConv does not run on double [1,1,1,1], double [1,1,1,1]");
  }
}

TEST(OneDnnMatMul, AgreesWithTheReferenceOverRanksAndBroadcasting) {
  Randomness random;
  const std::pair<Shape, Shape> shapes[] = {
      {{3, 4}, {4, 5}},
      {{2, 3, 4}, {4, 5}},
      {{2, 3, 4}, {2, 4, 5}},
      {{4}, {4, 5}},
      {{3, 4}, {4}},
      {{4}, {4}},
      {{2, 1, 3, 4}, {1, 6, 4, 5}},
      {{3, 4}, {2, 4, 5}},
      {{2, 6, 3, 4}, {6, 4, 5}},
      {{1, 1, 7}, {1, 7, 2}},
      {{2, 3, 3, 4}, {2, 3, 4, 2}},
  };
  for (const auto& [a, b] : shapes) {
    for (const bool is_constant : {false, true}) {
      SCOPED_TRACE(toString(a) + toString(b));
      std::vector<NodeInput> inputs;
      inputs.push_back(value(random.floats(a)));
      inputs.push_back(value(random.floats(b)));
      inputs.back().is_constant = is_constant;
      expectAgreement(NodeRunner("MatMul"), inputs);
    }
  }
}

TEST(OneDnnGemm, AgreesWithTheReferenceOverTransposesFactorsAndAddends) {
  Randomness random;
  const Shape addends[] = {{}, {5}, {1, 5}, {3, 1}, {3, 5}, {1}};
  for (int i = 0; i < 48; ++i) {
    const bool turns_a = i & 1, turns_b = i & 2;
    NodeRunner node("Gemm");
    node.set("transA", int64_t{turns_a}).set("transB", int64_t{turns_b});
    if (i & 4) node.set("alpha", 0.5F);
    if (i & 8) node.set("beta", 2.0F);
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.floats(turns_a ? Shape{4, 3} : Shape{3, 4})));
    inputs.push_back(value(random.floats(turns_b ? Shape{5, 4} : Shape{4, 5})));
    inputs.back().is_constant = i & 16;
    if (i % 7 != 0) inputs.push_back(constant(random.floats(addends[i % 6])));
    expectAgreement(node, inputs);
  }
}

TEST(OneDnnFusedMatMul, IsMatMulThenBiasThenResidualThenActivation) {
  Randomness random;
  std::vector<NodeInput> inputs;
  inputs.push_back(value(random.floats({2, 3, 4})));
  inputs.push_back(constant(random.floats({4, 5})));
  Tensor expected = NodeRunner("MatMul").runReference(inputs);
  inputs.push_back(constant(random.floats({5})));
  inputs.push_back(value(random.floats({2, 3, 5})));
  for (size_t i = 0; i < 30; ++i) {
    float& x = expected.data<float>()[i];
    x = std::max(x + inputs[2].tensor.data<float>()[i % 5] + inputs[3].tensor.data<float>()[i], 0.0F);
  }
  NodeRunner node("FusedMatMul", 1, kFusedDomain);
  expectNear(node.set("activation", std::string("Relu")).runAlone(inputs), expected);
}

TEST(OneDnnUnary, AgreesWithTheReference) {
  Randomness random;
  for (const char* op_type :
       {"Relu", "LeakyRelu", "Elu", "Sigmoid", "Tanh", "Exp", "Abs", "Round", "HardSwish", "HardSigmoid"}) {
    SCOPED_TRACE(op_type);
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.floats({2, 5, 31, 17}, -6, 6), Layout::kChannelsLast));
    expectAgreement(NodeRunner(op_type, 18), inputs, 1e-6);
  }
  for (const char* op_type : {"Log", "Sqrt"}) {
    SCOPED_TRACE(op_type);
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.floats({2, 5, 31, 17}, 0.01F, 50)));
    expectAgreement(NodeRunner(op_type, 18), inputs, 1e-6);
  }
}

constexpr float kInputs[] = {-90,    -30,   -20,   -12,  -8,   -4, -2, -1, -0.5F, -0.1F, -1e-3F, -1e-6F, -1e-12F, 0,
                             1e-12F, 1e-6F, 1e-3F, 0.1F, 0.5F, 1,  2,  4,  8,     12,    20,     30,     80};

/// Also where results are near zero or the functions saturate, where a tolerance relative to the largest is blind.
TEST(OneDnnUnary, IsAccurateRelativeToEachElement) {
  std::vector<NodeInput> inputs;
  inputs.push_back(value(Tensor::of<float>({std::size(kInputs)}, kInputs)));
  for (const char* op_type : {"Sigmoid", "Tanh", "Exp", "HardSwish", "HardSigmoid"}) {
    const NodeRunner node(op_type, 20);
    const Tensor actual = node.runAlone(inputs), expected = node.runReference(inputs);
    for (size_t i = 0; i < std::size(kInputs); ++i) {
      const float e = expected.data<float>()[i];
      EXPECT_NEAR(actual.data<float>()[i], e, 2e-6 * std::abs(e) + 1e-30) << op_type << " of " << kInputs[i];
    }
  }
}

/// oneDNN computes these as differences of numbers near one: the error is a few units in the last place of one.
TEST(OneDnnUnary, IsAccurateToHalfAMillionthWhereDifferencesAreTaken) {
  std::vector<NodeInput> inputs;
  inputs.push_back(value(Tensor::of<float>({std::size(kInputs)}, kInputs)));
  for (const char* op_type : {"Elu", "Gelu"}) {
    const NodeRunner node(op_type, 20);
    const Tensor actual = node.runAlone(inputs), expected = node.runReference(inputs);
    for (size_t i = 0; i < std::size(kInputs); ++i) {
      const float e = expected.data<float>()[i];
      EXPECT_NEAR(actual.data<float>()[i], e, 5e-7 * (1 + std::abs(e))) << op_type << " of " << kInputs[i];
    }
  }
}

TEST(OneDnnClip, TakesItsLimitsFromAttributesOrInputs) {
  Randomness random;
  std::vector<NodeInput> inputs;
  inputs.push_back(value(random.floats({3, 7})));
  NodeRunner old("Clip", 6);
  expectAgreement(old.set("min", -0.2F).set("max", 0.3F), inputs, 0);
  inputs.push_back(constant(Tensor::scalar(-0.4F)));
  expectAgreement(NodeRunner("Clip"), inputs, 0);
  inputs.push_back(constant(Tensor::scalar(0.1F)));
  expectAgreement(NodeRunner("Clip"), inputs, 0);
}

TEST(OneDnnBinary, BroadcastsChannelsLastOperands) {
  Randomness random;
  const Shape others[] = {{2, 6, 5, 4}, {1, 6, 1, 1}, {2, 6, 1, 1}, {6, 1, 1}, {}, {4}, {5, 1}, {2, 1, 5, 4}, {1}};
  for (const char* op_type : {"Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "PRelu"}) {
    for (const Shape& other : others) {
      SCOPED_TRACE(op_type + toString(other));
      std::vector<NodeInput> inputs;
      inputs.push_back(value(random.floats({2, 6, 5, 4}), Layout::kChannelsLast));
      inputs.push_back(value(random.floats(other, 0.5F, 2)));
      expectAgreement(NodeRunner(op_type), inputs, 0);
      if (std::string(op_type) == "PRelu") continue;
      std::swap(inputs[0], inputs[1]);
      expectAgreement(NodeRunner(op_type), inputs, 0);
    }
  }
}

TEST(OneDnnPRelu, LeavesTheRulesBeforeOpset7ToTheReference) {
  Randomness random;
  std::vector<NodeInput> inputs;
  inputs.push_back(value(random.floats({2, 3, 4, 5}), Layout::kChannelsLast));
  inputs.push_back(constant(random.floats({3})));  // one slope for each channel
  const NodeRunner node("PRelu", 6);
  expectNear(node.runBackend(inputs), node.runReference(inputs), 0);
}

TEST(OneDnnUnary, KeepsTheDigitsOfSmallResults) {
  std::vector<NodeInput> inputs;
  inputs.push_back(value(Tensor::of<float>({2}, {-12, -20})));
  const Tensor softplus = NodeRunner("Softplus").runBackend(inputs);
  EXPECT_NEAR(softplus.data<float>()[0], 6.1441935e-06, 1e-11);  // log(1 + exp(-12))
  EXPECT_NEAR(softplus.data<float>()[1], 2.0611537e-09, 1e-14);
}

TEST(OneDnnSum, AddsMoreThanTwo) {
  Randomness random;
  std::vector<NodeInput> inputs;
  for (const Layout layout : {Layout::kChannelsLast, Layout::kPlain, Layout::kChannelsLast}) {
    inputs.push_back(value(random.floats({2, 3, 4, 5}), layout));
  }
  expectAgreement(NodeRunner("Sum"), inputs, 1e-6);
}

TEST(OneDnnSoftmax, FollowsTheRulesOfBothVersions) {
  Randomness random;
  for (const char* op_type : {"Softmax", "LogSoftmax"}) {
    for (const int64_t opset : {11, 13}) {
      for (const int64_t axis : {0, 1, 2, 3, -1}) {
        for (const Layout layout : {Layout::kPlain, Layout::kChannelsLast}) {
          SCOPED_TRACE(fmt::format("{} opset {} axis {}", op_type, opset, axis));
          std::vector<NodeInput> inputs;
          inputs.push_back(value(random.floats({2, 5, 4, 3}, -8, 8), layout));
          NodeRunner node(op_type, opset);
          expectAgreement(node.set("axis", axis), inputs, 1e-6);
        }
      }
    }
  }
}

TEST(OneDnnPooling, AgreesWithTheReferenceOverRandomAttributes) {
  Randomness random;
  for (int i = 0; i < 60; ++i) {
    const size_t axes = static_cast<size_t>(i % 3) + 1;
    const bool is_max = random.between(0, 1) == 0;
    Shape src{random.between(1, 2), random.between(1, 9)};
    Ints kernel, strides, dilations, pads;
    for (size_t axis = 0; axis < axes; ++axis) {
      kernel.push_back(random.between(1, 3));
      strides.push_back(random.between(1, 3));
      dilations.push_back(random.between(1, 2));
      src.push_back((kernel.back() - 1) * dilations.back() + random.between(1, 7));
    }
    for (size_t axis = 0; axis < 2 * axes; ++axis) pads.push_back(random.between(0, kernel[axis % axes] - 1));
    NodeRunner node(is_max ? "MaxPool" : "AveragePool", 19);
    node.set("kernel_shape", kernel).set("strides", strides).set("pads", pads).set("dilations", dilations);
    node.set("ceil_mode", random.between(0, 1));
    if (!is_max) node.set("count_include_pad", random.between(0, 1));
    SCOPED_TRACE(fmt::format("case {} {} {}", i, is_max, toString(src)));
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.floats(src), random.oneOf({Layout::kPlain, Layout::kChannelsLast})));
    expectNear(node.runBackend(inputs), node.runReference(inputs), 1e-6);
  }
}

TEST(OneDnnPooling, RunsWithoutTheReference) {
  Randomness random;
  for (const char* op_type : {"MaxPool", "AveragePool"}) {
    for (const Layout layout : {Layout::kPlain, Layout::kChannelsLast}) {
      NodeRunner node(op_type, 12);
      node.set("kernel_shape", Ints{3, 3}).set("strides", Ints{2, 2}).set("pads", Ints{1, 1, 1, 1});
      std::vector<NodeInput> inputs;
      inputs.push_back(value(random.floats({2, 16, 9, 9}), layout));
      expectAgreement(node, inputs, 1e-6);
    }
  }
}

TEST(OneDnnMaxPool, WritesIndicesThroughTheReference) {
  NodeRunner node("MaxPool", 12);
  node.set("kernel_shape", Ints{2});
  std::vector<NodeInput> inputs;
  inputs.push_back(value(Tensor::of<float>({1, 1, 4}, {1, 5, 2, 3})));
  const auto outputs = node.run(kernelsOf(Backend::kOneDnn), inputs, 1, 2);
  EXPECT_THAT(outputs[1].data<int64_t>(), testing::ElementsAre(1, 1, 3));
}

TEST(OneDnnReduce, AgreesWithTheReferenceOverAxesAndLayouts) {
  Randomness random;
  const Ints axes[] = {{1}, {2, 3}, {1, 2, 3}, {0}, {-1}, {0, 1, 2, 3}, {3, 1}, {0, 2}};
  for (const char* op_type : {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"}) {
    for (const Ints& reduced : axes) {
      for (int i = 0; i < 4; ++i) {
        SCOPED_TRACE(op_type + toString(reduced));
        NodeRunner node(op_type, 11);
        node.set("axes", reduced).set("keepdims", int64_t{i & 1});
        std::vector<NodeInput> inputs;
        inputs.push_back(value(random.floats({2, 70, 4, 5}), i & 2 ? Layout::kChannelsLast : Layout::kPlain));
        expectNear(node.runBackend(inputs), node.runReference(inputs), 1e-6);
      }
    }
  }
}

TEST(OneDnnReduce, RunsSpatialMeansWithoutTheReference) {
  Randomness random;
  std::vector<NodeInput> inputs;
  inputs.push_back(value(random.floats({2, 70, 4, 5}), Layout::kChannelsLast));
  expectAgreement(NodeRunner("GlobalAveragePool"), inputs, 1e-6);
  expectAgreement(NodeRunner("GlobalMaxPool"), inputs, 0);
  NodeRunner node("ReduceMean", 11);
  expectAgreement(node.set("axes", Ints{2, 3}).set("keepdims", int64_t{0}), inputs, 1e-6);
}

TEST(OneDnnBatchNormalization, AgreesWithTheReferenceInBothLayouts) {
  Randomness random;
  for (const Layout layout : {Layout::kPlain, Layout::kChannelsLast}) {
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.floats({2, 7, 4, 5}), layout));
    for (int i = 0; i < 3; ++i) inputs.push_back(constant(random.floats({7})));
    inputs.push_back(constant(random.floats({7}, 0.1F, 2)));
    expectAgreement(NodeRunner("BatchNormalization", 15), inputs, 1e-6);
  }
}

TEST(OneDnnLayerNormalization, AgreesWithTheReference) {
  Randomness random;
  for (const int64_t axis : {-1, 1}) {
    for (const bool has_shift : {false, true}) {
      std::vector<NodeInput> inputs;
      inputs.push_back(value(random.floats({3, 4, 20})));
      const Shape line = axis == 1 ? Shape{4, 20} : Shape{20};
      inputs.push_back(constant(random.floats(line)));
      if (has_shift) inputs.push_back(constant(random.floats(line)));
      NodeRunner node("LayerNormalization", 17);
      expectAgreement(node.set("axis", axis), inputs);
    }
  }
}

TEST(OneDnnRmsNormalization, AgreesWithTheReference) {
  Randomness random;
  for (const int64_t axis : {-1, 1}) {
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.floats({3, 4, 1100}, -2, 3)));  // longer than a block, no multiple of a vector
    inputs.push_back(constant(random.floats(axis == 1 ? Shape{4, 1100} : Shape{1100})));
    NodeRunner node("RMSNormalization", 23);
    expectAgreement(node.set("axis", axis), inputs, 1e-6);
  }
}

TEST(OneDnnInstanceNormalization, AgreesWithTheReferenceAlsoFarFromZero) {
  Randomness random;
  for (const float offset : {0.0F, 100.0F}) {
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.floats({2, 5, 37, 41}, offset - 1, offset + 1)));
    for (int i = 0; i < 2; ++i) inputs.push_back(constant(random.floats({5})));
    expectAgreement(NodeRunner("InstanceNormalization"), inputs, offset == 0 ? 2e-6 : 5e-5);
  }
}

TEST(OneDnnGroupNormalization, AgreesWithTheReference) {
  Randomness random;
  std::vector<NodeInput> inputs;
  inputs.push_back(value(random.floats({2, 6, 7, 9})));
  for (int i = 0; i < 2; ++i) inputs.push_back(constant(random.floats({6})));
  NodeRunner node("GroupNormalization", 21);
  expectAgreement(node.set("num_groups", int64_t{3}), inputs, 2e-6);
}

TEST(OneDnnLrn, AgreesWithTheReference) {
  Randomness random;
  for (const int64_t size : {3, 5}) {
    for (const Layout layout : {Layout::kPlain, Layout::kChannelsLast}) {
      NodeRunner node("LRN");
      node.set("size", size).set("alpha", 0.3F).set("beta", 0.6F).set("bias", 1.5F);
      std::vector<NodeInput> inputs;
      inputs.push_back(value(random.floats({2, 11, 4, 5}, -3, 3), layout));
      expectAgreement(node, inputs);
    }
  }
}

TEST(OneDnnConcat, JoinsChannelsLastTensorsAlongAnyAxis) {
  Randomness random;
  for (size_t axis = 0; axis < 4; ++axis) {
    Shape other{2, 3, 4, 5};
    other[axis] = 7;
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.integers<uint8_t>({2, 3, 4, 5}), Layout::kChannelsLast));
    inputs.push_back(value(random.integers<uint8_t>(other)));
    NodeRunner node("Concat");
    node.set("axis", static_cast<int64_t>(axis));
    expectSameLevels(node.runAlone(inputs), node.runReference(inputs));
  }
}

TEST(OneDnnResize, AgreesWithTheReferenceWhereBothMeanTheSame) {
  Randomness random;
  for (const char* mode : {"nearest", "linear"}) {
    for (const char* coordinates : {"half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"}) {
      for (const char* rounding : {"floor", "round_prefer_floor"}) {
        for (const float factor : {2.0F, 3.0F, 1.5F, 0.5F}) {
          SCOPED_TRACE(fmt::format("{} {} {} {}", mode, coordinates, rounding, factor));
          NodeRunner node("Resize");
          node.set("mode", std::string(mode)).set("coordinate_transformation_mode", std::string(coordinates));
          node.set("nearest_mode", std::string(rounding));
          std::vector<NodeInput> inputs;
          inputs.push_back(value(random.floats({1, 3, 4, 6}), Layout::kChannelsLast));
          inputs.push_back(absent());
          inputs.push_back(constant(Tensor::of<float>({4}, {1, 1, factor, factor})));
          expectNear(node.runBackend(inputs), node.runReference(inputs), 1e-6);
        }
      }
    }
  }
}

}  // namespace
}  // namespace quant::test
