#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/onednn/int8_tile.h"

namespace quant::onednn {

/// Neighbouring pixels of a depthwise convolution's result. For tap t of line l of the kernel, pixel p reads
/// kPanelColumns bytes at lines[l] + p * step_bytes + t * tap_bytes.
struct DepthwiseLine {
  const std::byte* const* lines;
  int64_t line_count, taps;  ///< lines of the kernel, and taps of each
  int64_t tap_bytes, step_bytes;
  int64_t pixels;
};

/// sums[p][c] = start[c] + Σ over taps for the channels from `channel` on; `weights` is
/// [line_count * taps][kPanelColumns].
using DepthwiseKernel = void (*)(const DepthwiseLine& line, int64_t channel, const int32_t* weights,
                                 const int32_t* start, int32_t* sums);

/// The fastest one for this CPU, up to the instruction set that oneDNN may use here.
DepthwiseKernel findDepthwiseKernel();

/// The one in plain C++, which the others are tested against.
void addDepthwisePlainly(const DepthwiseLine& line, int64_t channel, const int32_t* weights, const int32_t* start,
                         int32_t* sums);

}  // namespace quant::onednn
