#include "runtime/onednn/int8_results.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "runtime/onednn/int8_tensor.h"

namespace quant::onednn {

namespace {

StoreScale scaleOf(const Int8Layer& layer) {
  StoreScale scale;
  if (const auto& residual = layer.residual) {
    scale.has_residual = true;
    scale.residual_scale = residual->scale;
    scale.residual_flip = flipOf(residual->type);
    scale.residual_zero_point = residual->zero_point + scale.residual_flip;
  }
  scale.clamps = static_cast<bool>(layer.activation);
  scale.low = layer.activation.algorithm == dnnl::algorithm::eltwise_clip ? layer.activation.alpha : 0;
  scale.high = layer.activation.algorithm == dnnl::algorithm::eltwise_clip ? layer.activation.beta
                                                                           : std::numeric_limits<float>::infinity();
  scale.divisor = layer.divisor;
  scale.flip = flipOf(layer.dst_type);
  scale.zero_point = layer.dst_zero_point + scale.flip;
  return scale;
}

int32_t wrappingSum(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}

}  // namespace

Int8Results::Int8Results(const Int8Layer& layer, int64_t channels)
    : layer_(layer), channels_(channels), scale_(scaleOf(layer)), store_(findStoreFunction()) {
  const auto padded = static_cast<size_t>(channels_ + kMostPanels * kPanelColumns);  // panels may begin at any channel
  multipliers_ = layer.multipliers;
  multipliers_.resize(padded, 0);
  start_ = layer.bias;
  start_.resize(padded, 0);
  scale_.is_bounded = isBounded();
}

/// A sum is at most 255 times the weights' absolute values, and the bias.
bool Int8Results::isBounded() const {
  constexpr double kMost = 1 << 30, kMostSum = 2 * kMost;
  const bool knows_weights = layer_.weights.elementCount() > 0;  // products of two activations have none
  for (size_t c = 0; c < layer_.multipliers.size(); ++c) {
    const double sum = knows_weights ? std::min(mostOf(c), kMostSum) : kMostSum;
    if (sum * std::abs(layer_.multipliers[c]) >= kMost) return false;
  }
  return true;
}

double Int8Results::mostOf(size_t channel) const {
  const auto weights = layer_.weights.data<int8_t>();
  const size_t depth = weights.size() / static_cast<size_t>(channels_);
  double most = layer_.bias.empty() ? 0 : std::abs(static_cast<double>(layer_.bias[channel]));
  for (const int8_t weight : weights.subspan(channel * depth, depth)) most += 255 * std::abs(weight);
  return most;
}

bool Int8Results::knows(const Activation& activation) {
  const bool is_relu = activation.algorithm == dnnl::algorithm::eltwise_relu && activation.alpha == 0;
  return !activation || is_relu || activation.algorithm == dnnl::algorithm::eltwise_clip;
}

void Int8Results::takeOffZeroPoint(int32_t zero_point) {
  if (zero_point == zero_point_) return;
  zero_point_ = zero_point;
  const auto weights = layer_.weights.data<int8_t>();
  const size_t depth = weights.size() / static_cast<size_t>(channels_);
  for (size_t c = 0; c < static_cast<size_t>(channels_); ++c) {
    const auto column = weights.subspan(c * depth, depth);
    const int32_t sum = std::accumulate(column.begin(), column.end(), 0);
    start_[c] = wrappingSum(layer_.bias.empty() ? 0 : layer_.bias[c], -zero_point * sum);
  }
}

void Int8Results::store(const SumsBlock& block, const Tensor* residual, Tensor& dst) const {
  if (!isInt8(dst)) return storeReals(block, residual, dst);
  const int64_t at = block.first_row * channels_ + block.first_channel;
  store_(
      {block.sums, multipliers_.data() + block.first_channel, residual == nullptr ? nullptr : bytesOf(*residual) + at,
       bytesOf(dst) + at, block.rows, channels_, block.panels, block.channels},
      scale_);
}

void Int8Results::storeReals(const SumsBlock& block, const Tensor* residual, Tensor& dst) const {
  for (int64_t i = 0; i < block.rows * block.channels; ++i) {
    const int64_t r = i / block.channels, c = i % block.channels;
    const int32_t sum = block.sums[(c / kPanelColumns * block.rows + r) * kPanelColumns + c % kPanelColumns];
    const int64_t channel = block.first_channel + c;
    const auto at = static_cast<size_t>((block.first_row + r) * channels_ + channel);
    if (dst.type() == DataType::kInt32) {
      dst.data<int32_t>()[at] = sum;
      continue;
    }
    float x = static_cast<float>(sum) * multipliers_[static_cast<size_t>(channel)];
    if (residual != nullptr) {
      const int32_t q = (bytesOf(*residual)[at] ^ scale_.residual_flip) - scale_.residual_zero_point;
      x += static_cast<float>(q) * scale_.residual_scale;
    }
    dst.data<float>()[at] = scale_.clamps ? std::min(std::max(x, scale_.low), scale_.high) : x;
  }
}

}  // namespace quant::onednn
