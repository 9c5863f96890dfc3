#pragma once

#include <vector>

#include "core/tensor.h"
#include "runtime/onednn/int8_source.h"
#include "runtime/onednn/int8_tile.h"

namespace quant::onednn {

/// How the numbers under a window follow each other along the depth of a product: in runs of neighbours, each filled up
/// to whole steps. A run is a line of the window where its pixels lie side by side, else one pixel.
class DepthLayout {
 public:
  /// For weights [columns, channels, kernel...] with these sizes of the kernel (depth, height, width).
  DepthLayout(TileKind kind, const std::array<int64_t, 3>& kernel, int64_t channels, bool has_neighbours);

  [[nodiscard]] int64_t numberBytes() const { return number_bytes_; }
  [[nodiscard]] int64_t steps() const { return runs_ * run_steps_; }
  [[nodiscard]] int64_t runSteps() const { return run_steps_; }
  /// Where in a column the number of a channel and a position of the kernel (row-major) lies.
  [[nodiscard]] int64_t byteOf(int64_t channel, int64_t position) const;
  /// What a TileRows' offsets are for such an image.
  [[nodiscard]] std::vector<int32_t> offsets(const ConvolutionGeometry& geometry, const SourceImage& image) const;

 private:
  int64_t channels_, number_bytes_, runs_, run_pixels_, run_steps_;
};

/// Weights of one group as panels of kPanelColumns columns, the last one filled up with zeros.
class WeightPanels {
 public:
  /// `weights` is s8 [columns, channels, positions].
  WeightPanels(const int8_t* weights, int64_t columns, int64_t channels, int64_t positions, const DepthLayout& layout);
  /// For kWords: `matrix` is [depth, columns], read as widenRun does.
  WeightPanels(const uint8_t* matrix, int64_t depth, int64_t columns, int32_t zero_point, uint8_t flip);

  [[nodiscard]] int64_t count() const { return count_; }
  [[nodiscard]] TilePanels from(int64_t first, int64_t count) const {
    return {static_cast<const std::byte*>(panels_.bytes()) + first * panel_bytes_, panel_bytes_, count};
  }

 private:
  WeightPanels(int64_t columns, int64_t steps);
  std::byte* at(int64_t column, int64_t byte);

  int64_t count_, panel_bytes_;
  Tensor panels_;
};

/// Offsets of steps that follow each other.
std::vector<int32_t> denseOffsets(int64_t steps);

}  // namespace quant::onednn
