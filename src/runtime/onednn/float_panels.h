#pragma once

#include <cstdint>

#include "core/tensor.h"

namespace quant::onednn {

/// Columns of a matrix that lie side by side in a panel of floats: whole registers on every CPU.
inline constexpr int64_t kFloatPanelColumns = 16;

/// A matrix of `columns` rows of `depth` numbers, as panels [depth][kFloatPanelColumns] of its rows, which become the
/// columns of a product; the last panel is filled up with zeros.
class FloatPanels {
 public:
  FloatPanels(const float* matrix, int64_t columns, int64_t depth);

  [[nodiscard]] int64_t depth() const { return depth_; }
  [[nodiscard]] const float* panel(int64_t index) const {
    return panels_.data<float>().data() + index * depth_ * kFloatPanelColumns;
  }

 private:
  int64_t depth_;
  Tensor panels_;
};

/// Rows of numbers, each `stride` behind the one before.
struct FloatRows {
  const float* data;
  int64_t stride, count;
};

/// Neighbouring panels, each [depth][kFloatPanelColumns].
struct PanelRange {
  const float* data;
  int64_t depth, count;
};

/// dst[r][c] = start[r][c] + Σ over k of rows[r][k] * panels[k][c] for all columns of the panels; `dst` has rows of
/// `dst_stride` numbers. It suits few rows, such as the states of a recurrent network.
using PanelKernel = void (*)(const FloatRows& rows, const PanelRange& panels, const float* const* start, float* dst,
                             int64_t dst_stride);

/// The fastest one for this CPU, up to the instruction set that oneDNN may use here.
PanelKernel findPanelKernel();

}  // namespace quant::onednn
