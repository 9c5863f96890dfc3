#pragma once

#include <cstdint>
#include <vector>

#include "core/quant_params.h"
#include "core/tensor.h"
#include "quantizer/weight_rows.h"

namespace quant {

/// Two elements of a row (see WeightRows) that a kernel multiplies and adds at once.
struct Neighbours {
  size_t first, second;
  bool operator==(const Neighbours&) const = default;
};

/// The largest sum of two neighbouring weights of one sign that cannot saturate: 255 * 128 < 2^15.
inline constexpr int32_t kMostPairSum = 128;

/// The pairs of a row that kernels without VNNI add in saturating 16 bits (vpmaddubsw), in rising order. Kernels over
/// im2col rows (onnxruntime) pair the whole row: with an odd number of channels, pairs reach into the next position.
/// Kernels over blocks of 4 channels (oneDNN) pair within each position. Both are here; they differ for odd numbers
/// only.
std::vector<Neighbours> neighboursOf(size_t positions, size_t inputs);

/// One output channel whose weights were changed, and why.
struct ChangedChannel {
  int64_t channel = 0;
  int64_t pairs = 0;          ///< of neighbours that would have saturated
  float scale_factor = 1.0F;  ///< by which its scale grew
  int64_t lowered = 0;        ///< pairs that were lowered at that scale
  bool operator==(const ChangedChannel&) const = default;
};

/// Weights of which no pair of neighbours exceeds kMostPairSum.
struct SafeWeights {
  std::vector<float> scales;     ///< all of them: those of channels without such a pair as they were
  std::vector<int8_t> integers;  ///< in the order of the weights' tensor
  std::vector<ChangedChannel> channels;
};

/// Makes int8 weights safe from saturation on CPUs without VNNI at the smallest squared error. For each output channel
/// in which a pair of neighbours exceeds the limit, tries enlarged scales: at each, the pairs that still exceed it are
/// lowered to it, by the two integers nearest to the real weights. The scale of the least error wins.
///
/// `params` are those of full 8 bits. With one scale for all channels, that one is searched for all of them together.
SafeWeights makeSaturationSafe(const Tensor& weights, const WeightRows& rows, const QuantParams& params);

}  // namespace quant
