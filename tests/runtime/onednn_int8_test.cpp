// oneDNN's 8-bit kernels against the reference kernels, which compute in exact integers.
#include <gtest/gtest.h>

#include <thread>

#include "runtime/lowering/lowering.h"
#include "runtime/onednn_harness.h"

namespace quant::test {
namespace {

using Ints = std::vector<int64_t>;

/// Of fused results whose fraction is so near one half that float rounding decides.
constexpr double kTies = 0.002;

void expectExact(const NodeRunner& node, const std::vector<NodeInput>& inputs) {
  expectSameLevels(node.runAlone(inputs), node.runReference(inputs));
}

NodeInput zeroPoint(DataType type, int value) {
  return constant(type == DataType::kUInt8 ? Tensor::scalar(static_cast<uint8_t>(value))
                                           : Tensor::scalar(static_cast<int8_t>(value)));
}

Tensor integersOf(Randomness& random, DataType type, const Shape& shape) {
  return type == DataType::kUInt8 ? random.integers<uint8_t>(shape) : random.integers<int8_t>(shape);
}

/// A zero point that leaves room on both sides.
int someZeroPoint(Randomness& random, DataType type) {
  return static_cast<int>(type == DataType::kUInt8 ? random.between(0, 255) : random.between(-128, 127));
}

constexpr DataType kSrcTypes[] = {DataType::kUInt8, DataType::kInt8};

/// All of the symmetric range: pairs of products leave 16 bits.
Tensor weightsOf(Randomness& random, DataType type, const Shape& shape) {
  constexpr int kMost = 127;
  return type == DataType::kUInt8 ? random.integers<uint8_t>(shape, 128 - kMost, 128 + kMost)
                                  : random.integers<int8_t>(shape, -kMost, kMost);
}

/// What a quantized convolution or product is made of, and the same as inputs of a node.
struct QuantizedCase {
  DataType src_type = DataType::kUInt8, dst_type = DataType::kUInt8;
  Shape src, weights;
  Layout layout = Layout::kPlain;
  bool per_channel = true, has_bias = true, has_unsigned_weights = false;
  float dst_scale = 1;

  /// `channels_axis` is that of the weights; the bias stands last.
  std::vector<NodeInput> inputs(Randomness& random, size_t channels_axis) const {
    const int64_t channels = weights[channels_axis];
    const DataType weights_type = has_unsigned_weights ? DataType::kUInt8 : DataType::kInt8;
    std::vector<NodeInput> inputs;
    inputs.push_back(value(integersOf(random, src_type, src), layout));
    inputs.push_back(constant(Tensor::scalar(0.021F)));
    inputs.push_back(zeroPoint(src_type, someZeroPoint(random, src_type)));
    inputs.push_back(constant(weightsOf(random, weights_type, weights)));
    inputs.push_back(constant(per_channel ? random.floats({channels}, 0.003F, 0.01F) : Tensor::scalar(0.007F)));
    inputs.push_back(zeroPoint(weights_type, has_unsigned_weights ? 128 : 0));
    inputs.push_back(constant(Tensor::scalar(dst_scale)));
    inputs.push_back(zeroPoint(dst_type, someZeroPoint(random, dst_type)));
    if (has_bias) inputs.push_back(constant(bias(random, channels)));
    return inputs;
  }

  static Tensor bias(Randomness& random, int64_t channels) {
    Tensor bias(DataType::kInt32, {channels});
    for (int32_t& b : bias.data<int32_t>()) b = static_cast<int32_t>(random.between(-5000, 5000));
    return bias;
  }
};

DataType someType(Randomness& random) { return random.oneOf({DataType::kUInt8, DataType::kInt8}); }

TEST(OneDnnQLinearConv, IsTheReferenceBitForBitOverRandomAttributes) {
  Randomness random;
  for (int i = 0; i < 80; ++i) {
    const size_t axes = static_cast<size_t>(i % 3) + 1;
    const int64_t groups = random.oneOf<int64_t>({1, 1, 2, 3}), in = random.between(1, 9), out = random.between(1, 9);
    QuantizedCase test;
    test.src = {random.between(1, 2), groups * in};
    test.weights = {groups * out, in};
    Ints strides, dilations, pads;
    for (size_t axis = 0; axis < axes; ++axis) {
      test.weights.push_back(random.between(1, 3));
      strides.push_back(random.between(1, 2));
      dilations.push_back(random.between(1, 2));
      test.src.push_back((test.weights.back() - 1) * dilations.back() + random.between(1, 6));
    }
    for (size_t axis = 0; axis < 2 * axes; ++axis) pads.push_back(random.between(0, 2));
    test.src_type = someType(random);
    test.dst_type = someType(random);
    test.layout = random.oneOf({Layout::kPlain, Layout::kChannelsLast});
    test.per_channel = random.between(0, 1) == 0;
    test.has_bias = random.between(0, 1) == 0;
    test.has_unsigned_weights = random.between(0, 3) == 0;
    test.dst_scale = 0.11F;
    NodeRunner node("QLinearConv");
    node.set("strides", strides).set("dilations", dilations).set("pads", pads).set("group", groups);
    SCOPED_TRACE(fmt::format("case {}: {} {} groups {}", i, toString(test.src), toString(test.weights), groups));
    expectExact(node, test.inputs(random, 0));
  }
}

TEST(OneDnnQLinearConv, RunsTheLayersOfMobileNetworks) {
  struct Layer {
    int64_t in, out, groups, kernel, stride, size;
  };
  const Layer layers[] = {{3, 32, 1, 3, 2, 32},   {32, 32, 32, 3, 1, 16}, {32, 16, 1, 1, 1, 16},
                          {96, 96, 96, 5, 2, 15}, {40, 240, 1, 1, 1, 7},  {240, 240, 240, 5, 1, 7},
                          {240, 40, 1, 1, 1, 7},  {64, 64, 8, 3, 1, 9}};
  Randomness random;
  for (const Layer& layer : layers) {
    for (const DataType type : kSrcTypes) {
      QuantizedCase test;
      test.src_type = test.dst_type = type;
      test.layout = Layout::kChannelsLast;
      test.src = {1, layer.in, layer.size, layer.size};
      test.weights = {layer.out, layer.in / layer.groups, layer.kernel, layer.kernel};
      test.dst_scale = 0.25F;
      const int64_t pad = layer.kernel / 2;
      NodeRunner node("QLinearConv");
      node.set("group", layer.groups).set("pads", Ints{pad, pad, pad, pad});
      node.set("strides", Ints{layer.stride, layer.stride});
      SCOPED_TRACE(fmt::format("{} -> {}, {} groups", layer.in, layer.out, layer.groups));
      expectExact(node, test.inputs(random, 0));
    }
  }
}

TEST(OneDnnQLinearConv, HandsWeightsWithOtherZeroPointsToTheReference) {
  Randomness random;
  QuantizedCase test;
  test.src = {1, 3, 4, 4};
  test.weights = {2, 3, 1, 1};
  auto inputs = test.inputs(random, 0);
  inputs[5] = zeroPoint(DataType::kInt8, 3);
  expectSameLevels(NodeRunner("QLinearConv").runBackend(inputs), NodeRunner("QLinearConv").runReference(inputs));
}

TEST(OneDnnQLinearConv, RunsSeveralShapesWithOneKernel) {
  Randomness random;
  const KernelRegistry registry = kernelsOf(Backend::kOneDnn);
  const Node node(makeNode("QLinearConv", {}, {"y"}));
  const auto kernel = (*registry.find("", "QLinearConv", 13))(node, 13);
  QuantizedCase test;
  test.src = {1, 3, 4, 4};
  test.weights = {2, 3, 3, 3};
  test.dst_scale = 0.2F;
  const auto inputs = test.inputs(random, 0);
  for (const int64_t size : {4, 9, 4, 5, 6, 7, 8, 10, 11, 12, 13, 4}) {  // more than are kept
    std::deque<KernelContext::Value> values;
    std::vector<KernelContext::Value*> pointers;
    for (const NodeInput& input : inputs) values.push_back({input.tensor.alias(), {}, {}, input.is_constant});
    values.front() = {random.integers<uint8_t>({1, 3, size, size}), {}, {}, false};
    for (auto& each : values) pointers.push_back(&each);
    KernelContext context(pointers, 1, {true});
    kernel->run(context);
    std::vector<NodeInput> same;
    for (size_t i = 0; i < inputs.size(); ++i) same.push_back(constant(values[i].tensor.alias()));
    expectSameLevels(convertLayout(*context.results()[0], Layout::kPlain),
                     NodeRunner("QLinearConv").runReference(same));
  }
}

TEST(OneDnnQLinearConv, GivesTheSameInsideAParallelRegion) {
  Randomness random;
  QuantizedCase test;
  test.layout = Layout::kChannelsLast;
  test.src = {1, 144, 9, 9};
  test.weights = {40, 144, 3, 3};
  test.dst_scale = 0.4F;
  const auto inputs = test.inputs(random, 0);
  const NodeRunner node("QLinearConv");
  const Tensor expected = node.runAlone(inputs);
  std::vector<Tensor> results(4);
#pragma omp parallel for num_threads(4)
  for (size_t i = 0; i < results.size(); ++i) results[i] = node.runAlone(inputs);
  for (const Tensor& result : results) expectSameLevels(result, expected);
}

TEST(OneDnnQLinearConv, RunsOnAnotherThreadThanTheOneThatPreparedIt) {
  Randomness random;
  const KernelRegistry registry = kernelsOf(Backend::kOneDnn);
  const Node node(makeNode("QLinearConv", {}, {"y"}));
  const auto kernel = (*registry.find("", "QLinearConv", 13))(node, 13);
  QuantizedCase test;
  test.src = {1, 96, 9, 9};
  test.weights = {40, 96, 3, 3};
  test.dst_scale = 0.4F;
  const auto inputs = test.inputs(random, 0);
  std::vector<Tensor> results;
  for (int i = 0; i < 3; ++i) {
    std::thread([&] {
      std::deque<KernelContext::Value> values;
      std::vector<KernelContext::Value*> pointers;
      for (const NodeInput& input : inputs) values.push_back({input.tensor.alias(), {}, {}, input.is_constant});
      for (auto& each : values) pointers.push_back(&each);
      KernelContext context(pointers, 1, {true});
      kernel->run(context);
      results.push_back(std::move(*context.results()[0]));
    }).join();
  }
  for (const Tensor& result : results) {
    expectSameLevels(convertLayout(result, Layout::kPlain), NodeRunner("QLinearConv").runReference(inputs));
  }
}

/// The fused operator in real numbers: convolution, residual, activation, rounding.
Tensor fusedInReal(const std::vector<NodeInput>& inputs, const NodeRunner& conv, double alpha, double beta) {
  const auto scalar = [&](size_t i) { return static_cast<double>(inputs[i].tensor.data<float>()[0]); };
  std::vector<NodeInput> integer;
  for (const size_t i : {0, 3, 2}) integer.push_back(value(inputs[i].tensor.alias(), inputs[i].layout));
  const Tensor sums = conv.runReference(integer);
  Tensor dst(DataType::kUInt8, sums.shape());
  const auto spatial = static_cast<size_t>(sums.shape()[2] * sums.shape()[3]);
  const auto scales = inputs[4].tensor.data<float>();
  for (size_t i = 0; i < dst.data<uint8_t>().size(); ++i) {
    const size_t channel = i / spatial % scales.size();
    const double sum = sums.data<int32_t>()[i] + inputs[8].tensor.data<int32_t>()[channel];
    double real = sum * scalar(1) * scales[channel];
    if (inputs.size() > 9) real += scalar(10) * (integerAt(inputs[9].tensor, i) - integerAt(inputs[11].tensor, 0));
    real = std::clamp(real, alpha, beta);
    const double q = std::nearbyint(real / scalar(6)) + integerAt(inputs[7].tensor, 0);
    dst.data<uint8_t>()[i] = static_cast<uint8_t>(std::clamp(q, 0.0, 255.0));
  }
  return dst;
}

TEST(OneDnnFusedQLinearConv, AddsTheResidualInRealUnitsBeforeTheActivation) {
  Randomness random;
  for (const DataType residual_type : {DataType::kUInt8, DataType::kInt8}) {
    for (const bool has_residual : {false, true}) {
      QuantizedCase test;
      test.layout = Layout::kChannelsLast;
      test.src = {2, 24, 7, 6};
      test.weights = {16, 24, 1, 1};
      test.dst_scale = 0.09F;
      auto inputs = test.inputs(random, 0);
      if (has_residual) {
        inputs.push_back(value(integersOf(random, residual_type, {2, 16, 7, 6}), Layout::kChannelsLast));
        inputs.push_back(constant(Tensor::scalar(0.05F)));
        inputs.push_back(zeroPoint(residual_type, 17));
      }
      NodeRunner node("FusedQLinearConv", 1, kFusedDomain);
      node.set("activation", std::string("Clip")).set("activation_alpha", -3.0F).set("activation_beta", 6.0F);
      expectSameLevels(node.runAlone(inputs), fusedInReal(inputs, NodeRunner("ConvInteger"), -3, 6), kTies);
    }
  }
}

TEST(OneDnnConvInteger, GivesTheExactSums) {
  Randomness random;
  for (const DataType type : kSrcTypes) {
    for (const bool has_unsigned_weights : {false, true}) {
      NodeRunner node("ConvInteger");
      node.set("pads", Ints{1, 1, 1, 1}).set("strides", Ints{2, 1});
      std::vector<NodeInput> inputs;
      inputs.push_back(value(integersOf(random, type, {2, 19, 7, 8})));
      const DataType weights_type = has_unsigned_weights ? DataType::kUInt8 : DataType::kInt8;
      inputs.push_back(constant(weightsOf(random, weights_type, {5, 19, 3, 3})));
      inputs.push_back(zeroPoint(type, 77));
      inputs.back().is_constant = false;  // as a DynamicQuantizeLinear gives it
      inputs.push_back(zeroPoint(inputs[1].tensor.type(), has_unsigned_weights ? 128 : 0));
      expectExact(node, inputs);
    }
  }
}

TEST(OneDnnQGemm, IsTheReferenceBitForBit) {
  Randomness random;
  for (int i = 0; i < 32; ++i) {
    const bool turns_b = i & 1;
    QuantizedCase test;
    test.src_type = someType(random);
    test.dst_type = i & 4 ? DataType::kUInt8 : DataType::kInt8;
    test.per_channel = i & 8;
    test.src = {random.between(1, 5), 40};
    test.weights = turns_b ? Shape{30, 40} : Shape{40, 30};
    test.dst_scale = 0.2F;
    auto inputs = test.inputs(random, turns_b ? 0 : 1);
    std::rotate(inputs.begin() + 6, inputs.begin() + 8, inputs.end());  // the bias stands before the result's scale
    NodeRunner node("QGemm", 1, "com.microsoft");
    node.set("transB", int64_t{turns_b});
    if (i & 16) {  // without a result's scale it stays float
      inputs.resize(7);
      expectNear(node.runAlone(inputs), node.runReference(inputs), 0);
    } else {
      expectExact(node, inputs);
    }
  }
}

TEST(OneDnnQGemm, HandsAnAddendForEachElementToTheReference) {
  Randomness random;
  QuantizedCase test;
  test.has_bias = false;
  test.src = {6, 40};
  test.weights = {40, 6};
  test.dst_scale = 0.2F;
  const NodeRunner node("QGemm", 1, "com.microsoft");
  for (const Shape& shape : {Shape{6, 6}, Shape{6, 1}, Shape{1}, Shape{}}) {
    auto inputs = test.inputs(random, 1);
    Tensor addend(DataType::kInt32, shape);
    for (int32_t& x : addend.data<int32_t>()) x = static_cast<int32_t>(random.between(-5000, 5000));
    inputs.insert(inputs.begin() + 6, constant(std::move(addend)));
    expectSameLevels(node.runBackend(inputs), node.runReference(inputs));
  }
}

/// Where powers of two make every second result a tie, and an odd zero point shows whether rounding comes before it.
TEST(OneDnnQLinearConv, RoundsTiesToEvenBeforeTheZeroPoint) {
  for (const bool has_bias : {false, true}) {
    std::vector<NodeInput> inputs;
    inputs.push_back(value(Tensor::of<uint8_t>({1, 1, 1, 6}, {0, 1, 2, 3, 4, 5}), Layout::kChannelsLast));
    inputs.push_back(constant(Tensor::scalar(1.0F)));
    inputs.push_back(zeroPoint(DataType::kUInt8, 0));
    inputs.push_back(constant(Tensor::of<int8_t>({1, 1, 1, 1}, {1})));
    inputs.push_back(constant(Tensor::scalar(1.0F)));
    inputs.push_back(zeroPoint(DataType::kInt8, 0));
    inputs.push_back(constant(Tensor::scalar(2.0F)));
    inputs.push_back(zeroPoint(DataType::kUInt8, 101));
    if (has_bias) inputs.push_back(constant(Tensor::of<int32_t>({1}, {2})));
    const Tensor result = NodeRunner("QLinearConv").runAlone(inputs);
    const auto at = static_cast<uint8_t>(has_bias ? 102 : 101);  // 0, 0.5, 1, 1.5, 2, 2.5 -> 0, 0, 1, 2, 2, 2
    const auto expected = has_bias ? std::vector<uint8_t>{at, 103, 103, 103, 104, 105}  // 1, 1.5, 2, 2.5, 3, 3.5
                                   : std::vector<uint8_t>{at, 101, 102, 103, 103, 103};
    EXPECT_THAT(result.data<uint8_t>(), testing::ElementsAreArray(expected));
  }
}

TEST(OneDnnQLinearMatMul, IsTheReferenceBitForBitForConstantAndComputedOperands) {
  Randomness random;
  const std::pair<Shape, Shape> shapes[] = {{{6, 40}, {40, 30}}, {{2, 6, 40}, {40, 30}}, {{2, 6, 40}, {2, 40, 30}}};
  for (const auto& [a, b] : shapes) {
    for (const bool is_constant : {false, true}) {
      for (const bool has_unsigned_weights : {false, true}) {
        SCOPED_TRACE(fmt::format("{} {} {} {}", toString(a), toString(b), is_constant, has_unsigned_weights));
        QuantizedCase test;
        test.has_bias = false;
        test.per_channel = is_constant && b.size() == 2;
        test.src = a;
        test.weights = b;
        test.dst_scale = 0.2F;
        test.has_unsigned_weights = has_unsigned_weights;
        auto inputs = test.inputs(random, b.size() - 1);
        inputs[3].is_constant = is_constant;
        expectExact(NodeRunner("QLinearMatMul"), inputs);
      }
    }
  }
}

TEST(OneDnnMatMulInteger, GivesTheExactSums) {
  Randomness random;
  for (const bool is_constant : {false, true}) {
    for (const int b_zero_point : {128, 100}) {
      std::vector<NodeInput> inputs;
      inputs.push_back(value(random.integers<uint8_t>({2, 5, 40})));
      inputs.push_back(value(weightsOf(random, DataType::kUInt8, {40, 30})));
      inputs.back().is_constant = is_constant;
      inputs.push_back(value(Tensor::scalar(static_cast<uint8_t>(33))));
      inputs.push_back(zeroPoint(DataType::kUInt8, b_zero_point));
      expectExact(NodeRunner("MatMulInteger"), inputs);
    }
  }
}

TEST(OneDnnQuantizeLinear, IsTheReferenceBitForBit) {
  Randomness random;
  for (const DataType type : {DataType::kUInt8, DataType::kInt8}) {
    Tensor src = random.floats({2, 9, 50, 41}, -20, 20);
    const auto x = src.data<float>();
    for (size_t i = 0; i < 2000; ++i) x[i] = 0.05F * (static_cast<float>(i) - 1000.5F);  // ties
    x[3000] = std::numeric_limits<float>::quiet_NaN();
    x[3001] = std::numeric_limits<float>::infinity();
    x[3002] = -x[3001];
    x[3003] = 3e38F;
    std::vector<NodeInput> inputs;
    inputs.push_back(value(std::move(src), Layout::kChannelsLast));
    inputs.push_back(constant(Tensor::scalar(0.1F)));
    inputs.push_back(zeroPoint(type, 21));
    expectExact(NodeRunner("QuantizeLinear"), inputs);
  }
}

TEST(OneDnnQLinearBinary, IsTheReferenceBitForBit) {
  Randomness random;
  const Shape others[] = {{2, 37, 5, 4}, {1, 37, 1, 1}, {37, 1, 1}, {}, {4}, {2, 1, 5, 4}};
  for (const char* op_type : {"QLinearAdd", "QLinearMul"}) {
    for (const DataType type : {DataType::kUInt8, DataType::kInt8}) {
      for (const Shape& other : others) {
        for (const bool is_swapped : {false, true}) {
          for (const Layout layout : {Layout::kPlain, Layout::kChannelsLast}) {
            SCOPED_TRACE(op_type + toString(other));
            std::vector<NodeInput> inputs;
            for (int i = 0; i < 2; ++i) {
              const bool is_first = (i == 0) != is_swapped;
              inputs.push_back(value(integersOf(random, type, is_first ? Shape{2, 37, 5, 4} : other),
                                     is_first ? layout : Layout::kPlain));
              inputs.push_back(constant(Tensor::scalar(is_first ? 0.5F : 0.25F)));  // exact: many ties
              inputs.push_back(zeroPoint(type, is_first ? 100 : -7 + (type == DataType::kUInt8 ? 7 : 0)));
            }
            inputs.push_back(constant(Tensor::scalar(0.5F)));
            inputs.push_back(zeroPoint(type, 3));
            expectExact(NodeRunner(op_type, 1, "com.microsoft"), inputs);
          }
        }
      }
    }
  }
}

TEST(OneDnnQLinearConcat, IsTheReferenceBitForBit) {
  Randomness random;
  for (const DataType type : {DataType::kUInt8, DataType::kInt8}) {
    for (int64_t axis = 0; axis < 4; ++axis) {
      for (const Layout layout : {Layout::kPlain, Layout::kChannelsLast}) {
        Shape other{2, 3, 4, 5};
        other[static_cast<size_t>(axis)] = 6;
        std::vector<NodeInput> inputs;
        inputs.push_back(constant(Tensor::scalar(0.3F)));
        inputs.push_back(zeroPoint(type, 9));
        inputs.push_back(value(integersOf(random, type, {2, 3, 4, 5}), layout));
        inputs.push_back(constant(Tensor::scalar(0.3F)));
        inputs.push_back(zeroPoint(type, 9));
        inputs.push_back(value(integersOf(random, type, other)));
        inputs.push_back(constant(Tensor::scalar(0.45F)));
        inputs.push_back(zeroPoint(type, -9 + (type == DataType::kUInt8 ? 50 : 0)));
        NodeRunner node("QLinearConcat", 1, "com.microsoft");
        expectExact(node.set("axis", axis), inputs);
      }
    }
  }
}

TEST(OneDnnQLinearPooling, IsTheReferenceBitForBit) {
  Randomness random;
  for (const char* op_type : {"QLinearGlobalAveragePool", "QLinearAveragePool"}) {
    for (const DataType type : {DataType::kUInt8, DataType::kInt8}) {
      for (const int64_t counts_padding : {0, 1}) {
        std::vector<NodeInput> inputs;
        inputs.push_back(value(integersOf(random, type, {2, 300, 8, 7}), Layout::kChannelsLast));
        inputs.push_back(constant(Tensor::scalar(0.2F)));
        inputs.push_back(zeroPoint(type, 30));
        inputs.push_back(constant(Tensor::scalar(0.1F)));
        inputs.push_back(zeroPoint(type, 5));
        NodeRunner node(op_type, 1, "com.microsoft");
        if (std::string(op_type) == "QLinearAveragePool") {
          node.set("kernel_shape", Ints{3, 2}).set("pads", Ints{1, 0, 1, 1}).set("strides", Ints{2, 2});
          node.set("count_include_pad", counts_padding).set("ceil_mode", int64_t{1});
        }
        expectExact(node, inputs);
      }
    }
  }
}

TEST(OneDnnMaxPool, TakesIntegers) {
  Randomness random;
  for (const DataType type : {DataType::kUInt8, DataType::kInt8}) {
    for (const Layout layout : {Layout::kPlain, Layout::kChannelsLast}) {
      NodeRunner node("MaxPool", 12);
      node.set("kernel_shape", Ints{3, 3}).set("strides", Ints{2, 2}).set("pads", Ints{1, 1, 1, 1});
      std::vector<NodeInput> inputs;
      inputs.push_back(value(integersOf(random, type, {2, 16, 9, 9}), layout));
      expectExact(node, inputs);
    }
  }
}

TEST(OneDnnResize, RepeatsIntegersBitForBit) {
  Randomness random;
  NodeRunner node("Resize");
  node.set("mode", std::string("nearest")).set("coordinate_transformation_mode", std::string("asymmetric"));
  node.set("nearest_mode", std::string("floor"));
  std::vector<NodeInput> inputs;
  inputs.push_back(value(random.integers<uint8_t>({1, 5, 3, 4}), Layout::kChannelsLast));
  inputs.push_back(absent());
  inputs.push_back(constant(Tensor::of<float>({4}, {1, 1, 2, 3})));
  expectExact(node, inputs);
}

}  // namespace
}  // namespace quant::test
