#include "quantizer/weight_rows.h"

#include <algorithm>
#include <span>

namespace quant {

namespace {

size_t sizeAt(const Shape& shape, size_t axis) { return static_cast<size_t>(shape[axis]); }

size_t windowSize(const Shape& weights) {
  size_t size = 1;
  for (const int64_t extent : std::span(weights).subspan(2)) size *= static_cast<size_t>(extent);
  return size;
}

}  // namespace

// Conv            [groups * rows_per_group, inputs, window...]
// ConvTranspose   [groups * inputs, rows_per_group, window...]
// Gemm, transB    [rows, inputs]
// LSTM            [rows, inputs], where the gates of all directions are rows
// Gemm, MatMul    [inputs, rows]
// MatMul          [positions..., inputs, rows] for a stack of matrices
WeightRows::WeightRows(const Node& node, const Shape& weights) {
  if (node.is("MatMul") && weights.size() > 2) {
    layOutStack(weights);
    return;
  }
  const size_t first = sizeAt(weights, 0), second = sizeAt(weights, 1);
  const bool rows_first =
      node.is("Conv") || node.is("LSTM") || (node.is("Gemm") && node.attr("transB", int64_t{0}) != 0);
  if (node.is("Conv") || node.is("ConvTranspose")) {
    groups_ = static_cast<size_t>(node.attr("group", int64_t{1}));
    positions_ = windowSize(weights);
  }
  rows_per_group_ = rows_first ? first / groups_ : second;
  inputs_ = rows_first ? second : first / groups_;
  row_stride_ = rows_first ? second * positions_ : positions_;
  group_stride_ = first / groups_ * second * positions_;
  const size_t input_stride = rows_first ? positions_ : second * positions_;
  for (size_t position = 0; position < positions_; ++position) {
    for (size_t input = 0; input < inputs_; ++input) offsets_.push_back(input * input_stride + position);
  }
}

void WeightRows::layOutStack(const Shape& weights) {
  rows_per_group_ = sizeAt(weights, weights.size() - 1);
  inputs_ = sizeAt(weights, weights.size() - 2);
  positions_ = static_cast<size_t>(elementCount(weights)) / std::max<size_t>(rows_per_group_ * inputs_, 1);
  row_stride_ = 1;
  for (size_t k = 0; k < positions_ * inputs_; ++k) offsets_.push_back(k * rows_per_group_);
}

}  // namespace quant
