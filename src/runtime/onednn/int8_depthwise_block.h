#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/onednn/int8_tile.h"

namespace quant::onednn {

/// Source lines whose bytes are multiplied at a time.
inline constexpr int64_t kGroupLines = 4;

/// Neighbouring pixels of some neighbouring lines of a depthwise convolution's result: their windows share lines of the
/// source. Tap t of pixel p reads kPanelColumns bytes at lines[l] + p * step_bytes + t * tap_bytes.
struct DepthwiseBlock {
  const std::byte* const* lines;  ///< `groups` times kGroupLines of them
  int64_t groups;
  int64_t tap_bytes, step_bytes;
  int64_t pixels;
};

/// sums[line][p][c] = start[c] + Σ over the lines of the source and the taps, for the channels from `channel` on.
/// `weights` is [groups][line][tap][kPanelColumns][kGroupLines].
struct DepthwiseBlockKernel {
  int64_t out_lines = 0;  ///< lines of the result that it makes
  void (*run)(const DepthwiseBlock& block, int64_t channel, const int8_t* weights, const int32_t* start,
              int32_t* sums) = nullptr;

  /// Lines of the source that `lines` of the result read.
  static int64_t linesUnder(int64_t lines, int64_t taps, int64_t stride) { return (lines - 1) * stride + taps; }
  [[nodiscard]] int64_t groups(int64_t taps, int64_t stride) const {
    return (linesUnder(out_lines, taps, stride) + kGroupLines - 1) / kGroupLines;
  }
};

/// The kernel for windows of `taps` x `taps`, `stride` apart both ways. Its `run` is null where there is none, or none
/// for this CPU: it needs VNNI on 512-bit vectors.
DepthwiseBlockKernel findDepthwiseBlockKernel(int64_t taps, int64_t stride);

}  // namespace quant::onednn
