#include "runtime/onednn/int8_results.h"

#include <algorithm>
#include <limits>

#include "runtime/onednn/int8_tensor.h"

namespace quant::onednn {

namespace {

constexpr int64_t kMostRows = 32;  // that are turned at a time: their real numbers stay in the first-level cache

#define QUANTIZE_FOR_EACH_CPU __attribute__((target_clones("avx2", "default")))

/// reals = float(sums + bias) * multipliers, for rows of kPanelColumns.
QUANTIZE_FOR_EACH_CPU
void scaleRows(const int32_t* __restrict sums, int64_t rows, const int32_t* __restrict bias,
               const float* __restrict multipliers, float* __restrict reals) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < kPanelColumns; ++c) {
      const int64_t i = r * kPanelColumns + c;
      const auto sum = static_cast<int32_t>(static_cast<uint32_t>(sums[i]) + static_cast<uint32_t>(bias[c]));
      reals[i] = static_cast<float>(sum) * multipliers[c];
    }
  }
}

QUANTIZE_FOR_EACH_CPU
void clampRun(float* __restrict reals, int64_t count, float low, float high) {
  for (int64_t i = 0; i < count; ++i) {
    const float raised = reals[i] > low ? reals[i] : low;
    reals[i] = raised < high ? raised : high;
  }
}

uint8_t flipOf(DataType type) { return type == DataType::kInt8 ? 0x80 : 0; }

}  // namespace

Int8Results::Int8Results(const Int8Layer& layer, int64_t channels)
    : layer_(layer),
      channels_(channels),
      low_(-std::numeric_limits<float>::infinity()),
      high_(std::numeric_limits<float>::infinity()) {
  const auto padded = static_cast<size_t>(channels_ + kPanelColumns);  // a panel may begin at any channel
  multipliers_ = layer.multipliers;
  multipliers_.resize(padded, 1);
  bias_ = layer.bias;
  bias_.resize(padded, 0);
  if (layer.activation.algorithm == dnnl::algorithm::eltwise_relu) low_ = 0;
  if (layer.activation.algorithm == dnnl::algorithm::eltwise_clip) {
    low_ = layer.activation.alpha;
    high_ = layer.activation.beta;
  }
}

bool Int8Results::knows(const Activation& activation) {
  const bool is_relu = activation.algorithm == dnnl::algorithm::eltwise_relu && activation.alpha == 0;
  return !activation || is_relu || activation.algorithm == dnnl::algorithm::eltwise_clip;
}

void Int8Results::store(const SumsBlock& block, const Tensor* residual, Tensor& dst) const {
  if (dst.type() == DataType::kInt32) return storeSums(block, dst);
  for (int64_t done = 0; done < block.rows; done += kMostRows) {
    const SumsBlock part{block.sums + done * kPanelColumns, std::min(kMostRows, block.rows - done),
                         block.first_row + done, block.first_channel, block.channels};
    alignas(64) float reals[kMostRows * kPanelColumns];
    scaleRows(part.sums, part.rows, bias_.data() + part.first_channel, multipliers_.data() + part.first_channel, reals);
    if (residual != nullptr) addResidual(part, *residual, reals);
    if (layer_.activation) clampRun(reals, part.rows * kPanelColumns, low_, high_);
    const ByteScale to{layer_.divisor, layer_.dst_zero_point, flipOf(dst.type())};
    for (int64_t r = 0; r < part.rows; ++r) {
      const int64_t at = (part.first_row + r) * channels_ + part.first_channel;
      const float* const row = reals + r * kPanelColumns;
      if (dst.type() == DataType::kFloat32) {
        std::copy_n(row, part.channels, dst.data<float>().data() + at);
      } else {
        quantizeRun(row, bytesOf(dst) + at, part.channels, to);
      }
    }
  }
}

void Int8Results::storeSums(const SumsBlock& block, Tensor& dst) const {
  for (int64_t r = 0; r < block.rows; ++r) {
    const int64_t at = (block.first_row + r) * channels_ + block.first_channel;
    std::transform(block.sums + r * kPanelColumns, block.sums + r * kPanelColumns + block.channels,
                   bias_.data() + block.first_channel, dst.data<int32_t>().data() + at, [](int32_t sum, int32_t bias) {
                     return static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(bias));
                   });
  }
}

void Int8Results::addResidual(const SumsBlock& block, const Tensor& residual, float* reals) const {
  const Int8Scale& scale = layer_.residual.value();
  const uint8_t flip = flipOf(scale.type);
  const int32_t zero_point = scale.zero_point + flip;
  for (int64_t r = 0; r < block.rows; ++r) {
    const uint8_t* const from = bytesOf(residual) + (block.first_row + r) * channels_ + block.first_channel;
    for (int64_t c = 0; c < block.channels; ++c) {
      reals[r * kPanelColumns + c] += static_cast<float>((from[c] ^ flip) - zero_point) * scale.scale;
    }
  }
}

}  // namespace quant::onednn
