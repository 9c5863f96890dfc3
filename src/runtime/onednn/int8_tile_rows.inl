// The body of the tile kernels of one instruction set: included once for each, inside a namespace of its own, with
// QUANTIZE_TARGET set to what gcc calls the set, and with
//   Vector, kLanes                    a register of int32 sums
//   load(p), spread(p)                spread: the four bytes at p in every lane
//   store(p, v)
//   mac<TileKind>(sums, row, column)  sums + row * column

template <TileKind kKind, int kPanels, int kRows>
[[gnu::target(QUANTIZE_TARGET)]] void tileRows(const TileRows& rows, const TilePanels& panels,
                                               const int32_t* start, int32_t* sums, int64_t sums_stride) {
  constexpr int64_t kVectors = kPanels * kPanelColumns / kLanes, kInPanel = kVectors / kPanels;
  Vector totals[kRows][kVectors];
#pragma GCC unroll 4
  for (int64_t v = 0; v < kVectors; ++v) {
    const Vector first = load(start + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) totals[r][v] = first;
  }
  const std::byte* panel = panels.data;
  for (int64_t step = 0; step < rows.steps; ++step, panel += kPanelColumns * kStepBytes) {
    Vector columns[kVectors];
#pragma GCC unroll 4
    for (int64_t v = 0; v < kVectors; ++v) {
      columns[v] = load(panel + v / kInPanel * panels.stride + v % kInPanel * static_cast<int>(sizeof(Vector)));
    }
    const std::byte* const from = rows.data + rows.offsets[step];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const Vector row = spread(from + r * rows.stride);
#pragma GCC unroll 4
      for (int64_t v = 0; v < kVectors; ++v) totals[r][v] = mac<kKind>(totals[r][v], row, columns[v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int64_t v = 0; v < kVectors; ++v) {
      store(sums + v / kInPanel * sums_stride + r * kPanelColumns + v % kInPanel * kLanes, totals[r][v]);
    }
  }
}
