#include "quantizer/weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/macs.h"

namespace quant {

namespace {

/// The next float above `scale`; infinite where 127 steps of it would be no float.
float roundedUp(double scale) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  if (scale > kLargest / 127) return std::numeric_limits<float>::infinity();
  return std::nextafter(static_cast<float>(scale), kLargest);
}

}  // namespace

int64_t productsWithWeights(const Graph& graph, const std::string& constant) {
  return std::ranges::count_if(graph.consumers(constant), [&](const Node* node) {
    const int input = weightsInput(*node);
    return input >= 0 && input < node->inputCount() && node->input(input) == constant;
  });
}

std::vector<float> maxAbsAlong(const Tensor& weights, int64_t axis) {
  const Shape& shape = weights.shape();
  const auto channels = static_cast<size_t>(shape[static_cast<size_t>(axis)]);
  const auto inner = static_cast<size_t>(rowMajorStrides(shape)[static_cast<size_t>(axis)]);
  std::vector<float> largest(channels, 0.0F);
  const auto data = weights.data<float>();
  for (auto weight = data.begin(); weight != data.end();) {
    for (float& channel : largest) {
      for (size_t i = 0; i < inner; ++i, ++weight) {
        if (std::isfinite(*weight)) channel = std::max(channel, std::abs(*weight));
      }
    }
  }
  return largest;
}

int64_t outputChannelAxis(const Node& node, int64_t weights_rank) {
  if (node.is("Conv") || node.is("LSTM")) return 0;
  if (node.is("ConvTranspose")) return 1;
  if (node.is("Gemm") && node.attr("transB", int64_t{0}) != 0) return 0;
  return weights_rank - 1;
}

QuantParams weightParams(const Node& node, const Tensor& weights, const Int8Options& options) {
  constexpr DataType kStorage = DataType::kInt8;
  const int64_t axis = outputChannelAxis(node, weights.rank());
  std::vector<float> largest = maxAbsAlong(weights, axis);
  // A grouped ConvTranspose repeats its output channels in every group, which one axis cannot tell apart.
  const bool one_scale =
      !options.per_channel_weights || (node.is("ConvTranspose") && node.attr("group", int64_t{1}) != 1);
  if (one_scale) {
    const float max_abs = largest.empty() ? 0.0F : std::ranges::max(largest);
    return {kStorage, symmetricWeightScale(max_abs, kStorage), 0};
  }
  for (float& value : largest) value = symmetricWeightScale(value, kStorage);
  std::vector<int32_t> zeros(largest.size(), 0);
  return {kStorage, std::move(largest), std::move(zeros), axis};
}

int widenForBias(std::vector<float>& weight_scales, float src_scale, std::span<const float> bias) {
  constexpr int32_t kLimit = std::numeric_limits<int32_t>::max() / 2;  // leaves room for the products
  int widened = 0;
  for (size_t i = 0; i < bias.size(); ++i) {
    float& scale = weight_scales[weight_scales.size() == 1 ? 0 : i];
    // The bias' own scale, src_scale * weight_scale, must be a normal float.
    const double unit =
        std::max<double>(std::abs(static_cast<double>(bias[i])) / kLimit, std::numeric_limits<float>::min());
    const double least = unit / src_scale;
    if (scale >= least) continue;
    scale = roundedUp(least);
    ++widened;
  }
  return widened;
}

Tensor quantizeBias(std::span<const float> bias, float src_scale, std::span<const float> weight_scales) {
  Tensor result(DataType::kInt32, {static_cast<int64_t>(bias.size())});
  const auto dst = result.data<int32_t>();
  for (size_t i = 0; i < bias.size(); ++i) {
    const double unit = static_cast<double>(src_scale) * weight_scales[weight_scales.size() == 1 ? 0 : i];
    dst[i] = static_cast<int32_t>(std::nearbyint(bias[i] / unit));
  }
  return result;
}

}  // namespace quant
