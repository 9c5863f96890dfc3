#pragma once

#include <cstdint>
#include <vector>

#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/int8_store.h"

namespace quant::onednn {

/// Sums of some rows and of the channels of neighbouring panels, as a TileKernel leaves them, and where their results
/// belong.
struct SumsBlock {
  const int32_t* sums;  ///< [panels][rows][kPanelColumns]
  int64_t panels, rows;
  int64_t first_row, first_channel;
  int64_t channels;  ///< of the panels' columns, those that stand for a channel
};

/// Turns sums into the results of an Int8Layer, by the formula that stands there. For layers whose activation is none,
/// Relu or Clip.
class Int8Results {
 public:
  /// `channels` is the number of the layer's output channels. The layer must outlive it.
  Int8Results(const Int8Layer& layer, int64_t channels);

  /// True when this class knows the layer's activation.
  static bool knows(const Activation& activation);

  /// For sums of raw bytes, which hold the source's zero point as often as the layer's weights say.
  void takeOffZeroPoint(int32_t zero_point);

  /// What the sums of a channel and of those behind it begin with: the bias, and what a zero point takes off.
  [[nodiscard]] const int32_t* start(int64_t channel) const { return start_.data() + channel; }

  /// `dst` and `residual` (null: none) are [rows][all channels].
  void store(const SumsBlock& block, const Tensor* residual, Tensor& dst) const;

 private:
  [[nodiscard]] bool isBounded() const;
  [[nodiscard]] double mostOf(size_t channel) const;
  void storeReals(const SumsBlock& block, const Tensor* residual, Tensor& dst) const;

  const Int8Layer& layer_;
  int64_t channels_;
  std::vector<float> multipliers_;  // with room for whole panels behind the last channel
  std::vector<int32_t> start_;
  int32_t zero_point_ = 0;  // that `start_` takes off
  StoreScale scale_;
  StoreFunction store_;
};

}  // namespace quant::onednn
