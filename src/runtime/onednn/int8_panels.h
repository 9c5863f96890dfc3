#pragma once

#include "core/tensor.h"
#include "runtime/onednn/int8_tile.h"

namespace quant::onednn {

/// How the numbers of a row or column lie: `positions` pieces (one for each element of the kernel) of `channels`
/// numbers. Where pairs saturate each piece is padded to whole steps, for oneDNN pairs the channels of one position.
struct DepthLayout {
  DepthLayout(PairSums sums, int64_t position_count, int64_t channel_count);

  PairSums pair_sums;
  int64_t positions, channels;
  int64_t number_bytes;    ///< 2, or 1 where pairs saturate
  int64_t position_bytes;  ///< from one position's first number to the next one's
  int64_t steps;

  [[nodiscard]] int64_t rowBytes() const { return steps * kStepBytes; }
};

/// Weights of one group as panels of kPanelColumns columns, the last one filled up with zeros.
class WeightPanels {
 public:
  /// `weights` is s8 [columns, channels, positions].
  WeightPanels(const int8_t* weights, int64_t columns, const DepthLayout& layout);
  /// For exact sums: `matrix` is [depth, columns], read as widenRun does.
  WeightPanels(const uint8_t* matrix, int64_t depth, int64_t columns, int32_t zero_point, uint8_t flip);

  [[nodiscard]] int64_t count() const { return count_; }
  [[nodiscard]] const std::byte* panel(int64_t index) const {
    return static_cast<const std::byte*>(panels_.bytes()) + index * panel_bytes_;
  }

 private:
  WeightPanels(int64_t columns, int64_t steps);
  std::byte* at(int64_t column, int64_t byte);

  int64_t count_, panel_bytes_;
  Tensor panels_;
};

/// Widens bytes to 16 bits: dst[i] = (src[i] ^ flip) - zero_point, for `zero_point` in terms of the unsigned bytes.
void widenRun(const uint8_t* src, int64_t count, int32_t zero_point, uint8_t flip, int16_t* dst);

}  // namespace quant::onednn
