#include "runtime/onednn/int8_panels.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace quant::onednn {

namespace {

int64_t roundUp(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

/// Where byte `byte` of a column lies in its panel of [steps][kPanelColumns][kStepBytes].
int64_t byteInPanel(int64_t column, int64_t byte) {
  return (byte / kStepBytes * kPanelColumns + column) * kStepBytes + byte % kStepBytes;
}

}  // namespace

DepthLayout::DepthLayout(PairSums sums, int64_t position_count, int64_t channel_count)
    : pair_sums(sums), positions(position_count), channels(channel_count) {
  const bool is_exact = sums == PairSums::kExact;
  number_bytes = is_exact ? 2 : 1;
  position_bytes = is_exact ? channels * number_bytes : roundUp(channels, kStepBytes);
  steps = roundUp(positions * position_bytes, kStepBytes) / kStepBytes;
}

WeightPanels::WeightPanels(int64_t columns, int64_t steps)
    : count_(roundUp(columns, kPanelColumns) / kPanelColumns),
      panel_bytes_(steps * kPanelColumns * kStepBytes),
      panels_(DataType::kUInt8, {count_ * panel_bytes_}) {
  std::memset(panels_.bytes(), 0, panels_.byteSize());
}

std::byte* WeightPanels::at(int64_t column, int64_t byte) {
  return static_cast<std::byte*>(panels_.bytes()) + column / kPanelColumns * panel_bytes_ +
         byteInPanel(column % kPanelColumns, byte);
}

WeightPanels::WeightPanels(const int8_t* weights, int64_t columns, const DepthLayout& layout)
    : WeightPanels(columns, layout.steps) {
  for (int64_t column = 0; column < columns; ++column) {
    for (int64_t channel = 0; channel < layout.channels; ++channel) {
      for (int64_t position = 0; position < layout.positions; ++position) {
        const int8_t weight = *weights++;
        const auto number = static_cast<int16_t>(weight);
        // Little-endian: a number's first byte is the whole of an int8.
        std::memcpy(at(column, position * layout.position_bytes + channel * layout.number_bytes), &number,
                    static_cast<size_t>(layout.number_bytes));
      }
    }
  }
}

WeightPanels::WeightPanels(const uint8_t* matrix, int64_t depth, int64_t columns, int32_t zero_point, uint8_t flip)
    : WeightPanels(columns, DepthLayout(PairSums::kExact, 1, depth).steps) {
  std::vector<int16_t> row(static_cast<size_t>(columns));
  for (int64_t k = 0; k < depth; ++k) {
    widenRun(matrix + k * columns, columns, zero_point, flip, row.data());
    for (int64_t first = 0; first < columns; first += kPanelColumns) {
      auto* const to = reinterpret_cast<int16_t*>(at(first, k * 2));
      const int64_t count = std::min(kPanelColumns, columns - first);
      for (int64_t c = 0; c < count; ++c) to[c * 2] = row[static_cast<size_t>(first + c)];
    }
  }
}

__attribute__((target_clones("avx2", "default"))) void widenRun(const uint8_t* __restrict src, int64_t count,
                                                                int32_t zero_point, uint8_t flip,
                                                                int16_t* __restrict dst) {
  const auto zero = static_cast<int16_t>(zero_point);
  for (int64_t i = 0; i < count; ++i) dst[i] = static_cast<int16_t>(static_cast<int16_t>(src[i] ^ flip) - zero);
}

}  // namespace quant::onednn
