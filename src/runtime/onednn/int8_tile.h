#pragma once

#include <cstddef>
#include <cstdint>

namespace quant::onednn {

/// Columns of weights that lie side by side in a panel.
inline constexpr int64_t kPanelColumns = 16;
/// What one step along the depth reads of a row, and of a column: two 16-bit numbers, or four bytes.
inline constexpr int64_t kStepBytes = 4;
/// The most panels that a kernel takes at a time.
inline constexpr int64_t kMostPanels = 2;

/// What rows and columns hold, and how their products are added up.
enum class TileKind {
  kWords,  ///< int16 times int16: exact on every CPU
  kBytes,  ///< uint8 times int8, exact: needs VNNI
  kPairs,  ///< uint8 times int8, neighbours added in 16 bits with saturation, as CPUs without VNNI do it
};

/// Rows of sources: step s of row r lies at data + r * stride + offsets[s].
struct TileRows {
  const std::byte* data;
  int64_t stride, count;
  const int32_t* offsets;
  int64_t steps;
  int64_t run_steps = 1;  ///< of so many neighbouring steps each, from the first on, the offsets follow each other
};

/// Neighbouring panels, each [steps][kPanelColumns][kStepBytes], up to kMostPanels of them.
struct TilePanels {
  const std::byte* data;
  int64_t stride, count;
};

/// sums[p][r][c] = start[p][c] + Σ over steps of row r times column c of panel p; `sums` is
/// [panels][rows][kPanelColumns], `start` [panels][kPanelColumns].
using TileKernel = void (*)(const TileRows& rows, const TilePanels& panels, const int32_t* start, int32_t* sums);

/// The fastest one for this CPU, up to the instruction set that oneDNN may use here; null for kBytes without VNNI.
TileKernel findTileKernel(TileKind kind);

/// For kBytes on CPUs with AMX, else null. It is the faster one for many rows and long runs of steps.
TileKernel findMatrixTileKernel();

/// The one in plain C++, which the others are tested against.
TileKernel plainTileKernel(TileKind kind);

}  // namespace quant::onednn
