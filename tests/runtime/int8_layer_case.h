#pragma once

#include <cstdint>
#include <vector>

#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn_harness.h"

namespace quant::test {

/// A convolution's sizes, height and width.
struct WindowCase {
  std::vector<int64_t> source, kernel, strides, dilations;
};

/// A layer as both kernels of QLinearConv's file make it, and the node that the reference runs in its place.
struct LayerCase {
  onednn::Int8Layer layer;
  std::vector<NodeInput> inputs;
  NodeRunner node{"QLinearConv"};
  onednn::ConvolutionShape shape;

  LayerCase(Randomness& random, DataType type, int64_t groups)
      : LayerCase(random, type, groups, random.between(1, 9), random.between(1, 20)) {}

  /// With `in` and `out` channels in each group.
  LayerCase(Randomness& random, DataType type, int64_t groups, int64_t in, int64_t out)
      : LayerCase(random, type, groups, in, out,
                  {{6, 5}, {random.between(1, 3), random.between(1, 3)}, {2, 1}, {1, random.between(1, 2)}}) {}

  LayerCase(Randomness& random, DataType type, int64_t groups, int64_t in, int64_t out, const WindowCase& window) {
    const auto& [source, kernel, strides, dilations] = window;
    const Shape src{2, groups * in, source[0], source[1]}, weights{groups * out, in, kernel[0], kernel[1]};
    const std::vector<int64_t> pads{1, 0, 1, 1};
    node.set("pads", pads).set("strides", strides).set("dilations", dilations).set("group", groups);
    Node convolution(makeNode("Conv", {"x"}, {"y"}));
    convolution.setAttr("pads", pads);
    convolution.setAttr("strides", strides);
    convolution.setAttr("dilations", dilations);
    convolution.setAttr("group", groups);
    shape = onednn::convolutionShape(convolution, src, weights);

    const bool is_unsigned = type == DataType::kUInt8;
    const auto number = [&](int q) {
      return constant(is_unsigned ? Tensor::scalar(static_cast<uint8_t>(q)) : Tensor::scalar(static_cast<int8_t>(q)));
    };
    inputs.push_back(value(is_unsigned ? random.integers<uint8_t>(src) : random.integers<int8_t>(src)));
    inputs.push_back(constant(Tensor::scalar(0.02F)));
    inputs.push_back(number(77));
    inputs.push_back(constant(random.integers<int8_t>(weights, -127, 127)));
    inputs.push_back(constant(random.floats({weights[0]}, 0.003F, 0.01F)));
    inputs.push_back(constant(Tensor::scalar(int8_t{0})));
    inputs.push_back(constant(Tensor::scalar(0.2F)));
    inputs.push_back(number(12));
    inputs.push_back(constant(Tensor(DataType::kInt32, {weights[0]})));
    for (int32_t& bias : inputs[8].tensor.data<int32_t>()) bias = static_cast<int32_t>(random.between(-5000, 5000));

    layer.weights = inputs[3].tensor.alias();
    layer.groups = groups;
    layer.src_type = layer.dst_type = type;
    const auto bias = inputs[8].tensor.data<int32_t>();
    layer.bias.assign(bias.begin(), bias.end());
    for (const float scale : inputs[4].tensor.data<float>()) layer.multipliers.push_back(0.02F * scale / 0.2F);
    layer.dst_zero_point = 12;
  }

  Tensor run(onednn::Int8Form& form) const {
    const Tensor src = convertLayout(inputs[0].tensor, Layout::kChannelsLast);
    Tensor dst(layer.dst_type, shape.dst, Layout::kChannelsLast);
    form.run(shape, {src, 77, nullptr, dst});
    return convertLayout(dst, Layout::kPlain);
  }
};

}  // namespace quant::test
