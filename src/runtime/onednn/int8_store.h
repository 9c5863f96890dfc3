#pragma once

#include <cstdint>

#include "runtime/onednn/int8_tile.h"

namespace quant::onednn {

/// From int32 sums to 8-bit results:
///
///   x   = float(sum) * multiplier [+ (residual - zero point) * residual scale, clamped to low..high]
///   dst = saturate(round half to even(x / divisor) + zero point)
///
/// Signed bytes are handled as unsigned ones, 128 more.
struct StoreScale {
  bool has_residual = false, clamps = false;
  float residual_scale = 1;
  int32_t residual_zero_point = 0;  // of the unsigned bytes
  uint8_t residual_flip = 0;
  float low = 0, high = 0;
  float divisor = 1;
  int32_t zero_point = 0;  // of the unsigned bytes
  uint8_t flip = 0;
  /// No x is beyond int32, whatever the sums are.
  bool is_bounded = false;

  [[nodiscard]] bool isPlain() const { return is_bounded && !has_residual && !clamps && divisor == 1; }
};

/// Rows of the channels of `panels` neighbouring panels. `sums` is [panels][rows][kPanelColumns], `multipliers`
/// [panels][kPanelColumns]; `residual` and `dst` are `stride` bytes from row to row, of which the first `channels`
/// count: all of them but for the last panel's.
struct StoreRows {
  const int32_t* sums;
  const float* multipliers;
  const uint8_t* residual;
  uint8_t* dst;
  int64_t rows, stride, panels, channels;
};

using StoreFunction = void (*)(const StoreRows& rows, const StoreScale& scale);

/// The fastest one for this CPU, up to the instruction set that oneDNN may use here.
StoreFunction findStoreFunction();

/// The one in plain C++, which the others are tested against.
void storePlainly(const StoreRows& rows, const StoreScale& scale);

}  // namespace quant::onednn
