#pragma once

#include <cstddef>
#include <vector>

#include "core/shape.h"
#include "graph/node.h"

namespace quant {

/// Where the weights of each output channel of a Conv, ConvTranspose, Gemm or MatMul lie in their tensor. A row is one
/// output channel: the weights that are multiplied and summed for it, in the order in which kernels for channels-last
/// data read them: position by position of the window, and there input channel by input channel. A stack of matrices
/// (MatMul) has one row for each column, with a position for each matrix.
class WeightRows {
 public:
  WeightRows(const Node& node, const Shape& weights);

  [[nodiscard]] size_t rows() const { return groups_ * rows_per_group_; }
  [[nodiscard]] size_t positions() const { return positions_; }             ///< of the window
  [[nodiscard]] size_t inputs() const { return inputs_; }                   ///< channels that one row reads
  [[nodiscard]] size_t inputChannels() const { return groups_ * inputs_; }  ///< that all rows read
  [[nodiscard]] size_t length() const { return positions_ * inputs_; }

  /// One input channel for each output channel. Kernels multiply such channels side by side and pair nothing.
  [[nodiscard]] bool isDepthwise() const { return groups_ > 1 && rows_per_group_ == 1 && inputs_ == 1; }

  /// The index in the tensor of element `k` of a row.
  [[nodiscard]] size_t at(size_t row, size_t k) const {
    return row / rows_per_group_ * group_stride_ + row % rows_per_group_ * row_stride_ + offsets_[k];
  }
  /// The channel of the node's input that the first element of a row multiplies; the others follow it.
  [[nodiscard]] size_t firstInputChannel(size_t row) const { return row / rows_per_group_ * inputs_; }

 private:
  void layOutStack(const Shape& weights);

  size_t groups_ = 1, rows_per_group_ = 1, inputs_ = 1, positions_ = 1;
  size_t group_stride_ = 0, row_stride_ = 0;
  std::vector<size_t> offsets_;  // of the elements of a row from its first one
};

}  // namespace quant
