// Tiles on AMX: 16 rows times 16 columns, 64 bytes deep, in one instruction.
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/cpu.h"
#include "runtime/onednn/int8_tile.h"

namespace quant::onednn {

namespace {

constexpr int64_t kTileRows = 16, kTileSteps = 16;

/// What the registers hold, as the processor reads it.
///   0, 1  sums of a panel each        2  rows, 16 steps deep      3, 4  columns of a panel each
///   5     rows, the steps left over   6, 7  columns for them
struct alignas(64) Registers {
  uint8_t palette = 1, start_row = 0;
  std::array<uint8_t, 14> reserved{};
  std::array<uint16_t, 16> row_bytes{};
  std::array<uint8_t, 16> rows{};

  Registers(int64_t row_count, int64_t steps_left) {
    constexpr int64_t kFullRow = kPanelColumns * kStepBytes;
    for (const size_t sums : {0, 1}) set(sums, row_count, kFullRow);
    set(2, row_count, kTileSteps * kStepBytes);
    for (const size_t columns : {3, 4}) set(columns, kTileSteps, kFullRow);
    if (steps_left == 0) return;
    set(5, row_count, steps_left * kStepBytes);
    for (const size_t columns : {6, 7}) set(columns, steps_left, kFullRow);
  }

  void set(size_t tile, int64_t row_count, int64_t bytes) {
    rows[tile] = static_cast<uint8_t>(row_count);
    row_bytes[tile] = static_cast<uint16_t>(bytes);
  }
};
static_assert(sizeof(Registers) == 64);

#define QUANTIZE_AMX gnu::target("avx512f,amx-tile,amx-int8")

/// kPanels panels times the rows that the registers are laid out for, from `row` on.
template <int kPanels>
[[QUANTIZE_AMX]] void multiplyTile(const TileRows& rows, const TilePanels& panels, const int32_t* start, int64_t row,
                                   int32_t* sums) {
  constexpr int64_t kStepColumns = kPanelColumns * kStepBytes;  // bytes of a step in a panel
  _tile_loadd(0, start, 0);                                     // the same for every row
  if constexpr (kPanels == 2) _tile_loadd(1, start + kPanelColumns, 0);
  const std::byte* columns = panels.data;
  for (int64_t run = 0; run < rows.steps; run += rows.run_steps) {
    const std::byte* from = rows.data + row * rows.stride + rows.offsets[run];
    int64_t left = rows.run_steps;
    for (; left >= kTileSteps; left -= kTileSteps) {
      _tile_loadd(2, from, rows.stride);
      _tile_loadd(3, columns, kStepColumns);
      _tile_dpbusd(0, 2, 3);
      if constexpr (kPanels == 2) {
        _tile_loadd(4, columns + panels.stride, kStepColumns);
        _tile_dpbusd(1, 2, 4);
      }
      from += kTileSteps * kStepBytes;
      columns += kTileSteps * kStepColumns;
    }
    if (left == 0) continue;
    _tile_loadd(5, from, rows.stride);
    _tile_loadd(6, columns, kStepColumns);
    _tile_dpbusd(0, 5, 6);
    if constexpr (kPanels == 2) {
      _tile_loadd(7, columns + panels.stride, kStepColumns);
      _tile_dpbusd(1, 5, 7);
    }
    columns += left * kStepColumns;
  }
  int32_t* const to = sums + row * kPanelColumns;
  _tile_stored(0, to, kPanelColumns * sizeof(int32_t));
  if constexpr (kPanels == 2) {
    _tile_stored(1, to + rows.count * kPanelColumns, kPanelColumns * sizeof(int32_t));
  }
}

[[QUANTIZE_AMX]] void tileByMatrices(const TileRows& rows, const TilePanels& panels, const int32_t* start,
                                     int32_t* sums) {
  const int64_t height = std::min(rows.count, kTileRows);
  const Registers registers(height, rows.run_steps % kTileSteps);
  asm volatile("" : : "r"(&registers) : "memory");  // gcc 12 takes the next line to read 8 bytes of it
  _tile_loadconfig(&registers);
  for (int64_t panel = 0; panel < panels.count; panel += 2) {
    const TilePanels some{panels.data + panel * panels.stride, panels.stride,
                          std::min<int64_t>(panels.count - panel, 2)};
    const auto multiply = some.count == 2 ? multiplyTile<2> : multiplyTile<1>;
    for (int64_t row = 0; row < rows.count; row += kTileRows) {
      // The last tile takes some rows again rather than fewer.
      multiply(rows, some, start + panel * kPanelColumns, std::min(row, rows.count - height),
               sums + panel * rows.count * kPanelColumns);
    }
  }
  _tile_release();
}

}  // namespace

TileKernel findMatrixTileKernel() { return hasAmx() ? tileByMatrices : nullptr; }

}  // namespace quant::onednn
