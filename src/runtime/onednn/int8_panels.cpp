#include "runtime/onednn/int8_panels.h"

#include <algorithm>
#include <cstring>

namespace quant::onednn {

namespace {

int64_t stepsFor(int64_t numbers, int64_t number_bytes) {
  return (numbers * number_bytes + kStepBytes - 1) / kStepBytes;
}

/// Where byte `byte` of a column lies in its panel of [steps][kPanelColumns][kStepBytes].
int64_t byteInPanel(int64_t column, int64_t byte) {
  return (byte / kStepBytes * kPanelColumns + column) * kStepBytes + byte % kStepBytes;
}

}  // namespace

DepthLayout::DepthLayout(TileKind kind, const std::array<int64_t, 3>& kernel, int64_t channels, bool has_neighbours)
    : channels_(channels), number_bytes_(kind == TileKind::kWords ? 2 : 1) {
  // Pairs that saturate are channels of one pixel, as in oneDNN's kernels.
  const bool keeps_pixels_apart = kind == TileKind::kPairs && channels % kStepBytes != 0;
  run_pixels_ = has_neighbours && !keeps_pixels_apart ? kernel[2] : 1;
  runs_ = kernel[0] * kernel[1] * kernel[2] / run_pixels_;
  run_steps_ = stepsFor(run_pixels_ * channels, number_bytes_);
}

int64_t DepthLayout::byteOf(int64_t channel, int64_t position) const {
  const int64_t run = position / run_pixels_, number = position % run_pixels_ * channels_ + channel;
  return run * run_steps_ * kStepBytes + number * number_bytes_;
}

std::vector<int32_t> DepthLayout::offsets(const ConvolutionGeometry& geometry, const SourceImage& image) const {
  const auto& [depth, height, width] = geometry.axes;
  std::vector<int32_t> offsets;
  for (int64_t d = 0; d < depth.kernel; ++d) {
    for (int64_t h = 0; h < height.kernel; ++h) {
      for (int64_t w = 0; w < width.kernel; w += run_pixels_) {
        const int64_t run = d * depth.dilation * image.planeBytes() + h * height.dilation * image.lineBytes() +
                            w * width.dilation * image.pixelBytes();
        for (int64_t step = 0; step < run_steps_; ++step) {
          offsets.push_back(static_cast<int32_t>(run + step * kStepBytes));
        }
      }
    }
  }
  return offsets;
}

std::vector<int32_t> denseOffsets(int64_t steps) {
  std::vector<int32_t> offsets(static_cast<size_t>(steps));
  for (size_t i = 0; i < offsets.size(); ++i) offsets[i] = static_cast<int32_t>(i * kStepBytes);
  return offsets;
}

WeightPanels::WeightPanels(int64_t columns, int64_t steps)
    : count_((columns + kPanelColumns - 1) / kPanelColumns),
      panel_bytes_(steps * kPanelColumns * kStepBytes),
      panels_(DataType::kUInt8, {count_ * panel_bytes_}) {
  std::memset(panels_.bytes(), 0, panels_.byteSize());
}

std::byte* WeightPanels::at(int64_t column, int64_t byte) {
  return static_cast<std::byte*>(panels_.bytes()) + column / kPanelColumns * panel_bytes_ +
         byteInPanel(column % kPanelColumns, byte);
}

WeightPanels::WeightPanels(const int8_t* weights, int64_t columns, int64_t channels, int64_t positions,
                           const DepthLayout& layout)
    : WeightPanels(columns, layout.steps()) {
  for (int64_t column = 0; column < columns; ++column) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      for (int64_t position = 0; position < positions; ++position) {
        const auto number = static_cast<int16_t>(*weights++);
        // Little-endian: a number's first byte is the whole of an int8.
        std::memcpy(at(column, layout.byteOf(channel, position)), &number, static_cast<size_t>(layout.numberBytes()));
      }
    }
  }
}

WeightPanels::WeightPanels(const uint8_t* matrix, int64_t depth, int64_t columns, int32_t zero_point, uint8_t flip)
    : WeightPanels(columns, stepsFor(depth, sizeof(int16_t))) {
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

}  // namespace quant::onednn
