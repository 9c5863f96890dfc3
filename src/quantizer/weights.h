#pragma once

#include <vector>

#include "core/quant_params.h"
#include "graph/graph.h"
#include "quantizer/options.h"

namespace quant {

/// The axis of a node's weights along which output channels lie: Conv 0, ConvTranspose 1, Gemm by transB, MatMul last,
/// LSTM 0 of its weights as one matrix.
int64_t outputChannelAxis(const Node& node, int64_t weights_rank);

/// How many products read `constant` as their weights.
int64_t productsWithWeights(const Graph& graph, const std::string& constant);

/// The largest finite |w| along `axis`, one for each index. `weights` is a float tensor.
std::vector<float> maxAbsAlong(const Tensor& weights, int64_t axis);

/// Scales for the int8 weights of `node`: symmetric, narrow range, one for each output channel or for all.
QuantParams weightParams(const Node& node, const Tensor& weights, const Int8Options& options);

/// Enlarges the scales of channels whose bias would not fit int32 at src_scale * weight_scale, and returns how many. A
/// scale becomes infinite where no float is large enough.
int widenForBias(std::vector<float>& weight_scales, float src_scale, std::span<const float> bias);

/// round(bias / (src_scale * weight_scale)) for each channel, as int32.
Tensor quantizeBias(std::span<const float> bias, float src_scale, std::span<const float> weight_scales);

}  // namespace quant
