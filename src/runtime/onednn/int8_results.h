#pragma once

#include <cstdint>
#include <vector>

#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/int8_loops.h"
#include "runtime/onednn/int8_tile.h"

namespace quant::onednn {

/// Sums of some rows and of neighbouring channels, as a TileKernel leaves them, and where their results belong.
struct SumsBlock {
  const int32_t* sums;  ///< [rows][kPanelColumns]
  int64_t rows;
  int64_t first_row, first_channel;
  int64_t channels;  ///< of the panel's columns, those that stand for a channel
};

/// Turns sums into the results of an Int8Layer, by the formula that stands there. For layers whose activation is none,
/// Relu or Clip.
class Int8Results {
 public:
  /// `channels` is the number of the layer's output channels; its weights are not looked at. The layer must outlive it.
  Int8Results(const Int8Layer& layer, int64_t channels);

  /// True when this class knows the layer's activation.
  static bool knows(const Activation& activation);

  /// `dst` and `residual` (null: none) are [rows][all channels].
  void store(const SumsBlock& block, const Tensor* residual, Tensor& dst) const;

 private:
  void storeSums(const SumsBlock& block, Tensor& dst) const;
  void addResidual(const SumsBlock& block, const Tensor& residual, float* reals) const;

  const Int8Layer& layer_;
  int64_t channels_;
  std::vector<float> multipliers_;  // with room for a whole panel behind the last channel
  std::vector<int32_t> bias_;
  float low_, high_;
};

}  // namespace quant::onednn
