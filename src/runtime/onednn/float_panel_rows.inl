// The products of rows and panels of one instruction set: included once for each, inside a namespace of its own, with
// QUANTIZE_TARGET set to what gcc calls the set, and with
//   Vector                    floats that one register holds
//   kMostRows, kMostSums      rows that are taken at a time; sums that stay in registers, in vectors

constexpr int64_t kLanes = sizeof(Vector) / sizeof(float);
constexpr int kInPanel = kFloatPanelColumns / kLanes;

/// Panels that are taken at a time with so many rows.
constexpr int mostPanels(int rows) { return std::clamp<int>(kMostSums / (rows * kInPanel), 1, 8); }

template <int kRows, int kPanels>
[[gnu::target(QUANTIZE_TARGET)]] void panelRows(const FloatRows& rows, const PanelRange& panels,
                                                const float* const* start, float* dst, int64_t dst_stride) {
  constexpr int kVectors = kPanels * kInPanel;
  Vector sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) std::memcpy(&sums[r][v], start[r] + v * kLanes, sizeof(Vector));
  }
  for (int64_t k = 0; k < panels.depth; ++k) {
    Vector columns[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const int64_t at = (v / kInPanel * panels.depth + k) * kFloatPanelColumns + v % kInPanel * kLanes;
      std::memcpy(&columns[v], panels.data + at, sizeof(Vector));
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const float factor = rows.data[r * rows.stride + k];
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sums[r][v] += columns[v] * factor;
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) std::memcpy(dst + r * dst_stride + v * kLanes, &sums[r][v], sizeof(Vector));
  }
}

template <int kRows, size_t... kPanels>
constexpr std::array<PanelKernel, 8> kernelsForRows(std::index_sequence<kPanels...>) {
  return {panelRows<kRows, static_cast<int>(kPanels) + 1>...};
}

template <size_t... kRows>
constexpr auto allKernels(std::index_sequence<kRows...>) {
  return std::array<std::array<PanelKernel, 8>, sizeof...(kRows)>{
      kernelsForRows<static_cast<int>(kRows) + 1>(
          std::make_index_sequence<static_cast<size_t>(mostPanels(static_cast<int>(kRows) + 1))>())...};
}

/// Rows and panels are dealt out evenly, so that the last turn is not a small rest.
void multiply(const FloatRows& rows, const PanelRange& panels, const float* const* start, float* dst,
              int64_t dst_stride) {
  static constexpr auto kKernels = allKernels(std::make_index_sequence<kMostRows>());
  const int64_t row_turns = (rows.count + kMostRows - 1) / kMostRows;
  const int64_t most = mostPanels(static_cast<int>((rows.count + row_turns - 1) / row_turns));
  const int64_t panel_turns = (panels.count + most - 1) / most;
  for (int64_t p = 0; p < panel_turns; ++p) {
    const int64_t panel = panels.count * p / panel_turns, taken = panels.count * (p + 1) / panel_turns - panel;
    const PanelRange some{panels.data + panel * panels.depth * kFloatPanelColumns, panels.depth, taken};
    for (int64_t turn = 0; turn < row_turns; ++turn) {
      const int64_t row = rows.count * turn / row_turns, count = rows.count * (turn + 1) / row_turns - row;
      std::array<const float*, kMostRows> from;
      for (int64_t r = 0; r < count; ++r) {
        from[static_cast<size_t>(r)] = start[row + r] + panel * kFloatPanelColumns;
      }
      kKernels[static_cast<size_t>(count - 1)][static_cast<size_t>(taken - 1)](
          {rows.data + row * rows.stride, rows.stride, count}, some, from.data(),
          dst + row * dst_stride + panel * kFloatPanelColumns, dst_stride);
    }
  }
}
