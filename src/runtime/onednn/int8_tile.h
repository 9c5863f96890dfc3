#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/onednn/pair_sums.h"

namespace quant::onednn {

/// Columns of weights that lie side by side in a panel.
inline constexpr int64_t kPanelColumns = 16;
/// What one step along the depth reads of a row, and of a column: two 16-bit numbers, or four bytes where pairs
/// saturate.
inline constexpr int64_t kStepBytes = 4;

/// Rows with their sums: `sums` is [count][kPanelColumns].
struct TileRows {
  const std::byte* data;
  int64_t stride;  ///< bytes from row to row
  int64_t count;
};

/// sums[r][c] = Σ over steps of row r times column c of `panel`, which is [steps][kPanelColumns][kStepBytes].
///
/// Exact: rows and columns hold int16. Saturating: rows hold uint8, columns int8.
using TileKernel = void (*)(const TileRows& rows, const std::byte* panel, int64_t steps, int32_t* sums);

/// The fastest one for this CPU, up to the instruction set that oneDNN may use here.
TileKernel findTileKernel(PairSums pair_sums);

/// The one in plain C++, which the others are tested against.
TileKernel plainTileKernel(PairSums pair_sums);

}  // namespace quant::onednn
