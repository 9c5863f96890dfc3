#pragma once

#include "core/tensor.h"
#include "runtime/onednn/window_dims.h"

namespace quant::onednn {

/// The shapes of a convolution as oneDNN wants to see them.
struct ConvolutionShape {
  Shape src;      // [N, I, spatial...]
  Shape weights;  // [O, I, k...], or [groups, O / groups, I / groups, k...] when there is more than one group
  Shape dst;      // [N, O, spatial...]
  WindowDims window;
};

/// True when the ranks are those of a convolution that oneDNN has.
bool isConvolution(const Tensor& src, const Tensor& weights);

/// For a node with Conv's attributes and weights [O, I / groups, k...]. Throws (bad input) when shapes do not fit
/// together.
ConvolutionShape convolutionShape(const Node& node, const Shape& src, const Shape& weights);

/// For a node with ConvTranspose's attributes and weights [I, O / groups, k...]. The weights of the result have
/// oneDNN's order, O before I.
ConvolutionShape transposedShape(const Node& node, const Shape& src, const Shape& weights);

/// The product of [rows, depth] and constant weights [columns, depth, 1, 1], as a convolution of [1, depth, 1, rows]:
/// channels-last, that lies as the matrix does.
ConvolutionShape productShape(int64_t rows, int64_t depth, int64_t columns);

/// The same convolution over the same memory, in a shape that every kernel of oneDNN computes. 3.2's kernel for 1x1
/// convolutions with AMX cuts the positions of a picture into tiles of at most 16, and with a source zero point writes
/// far behind the result where that gives just three tiles (27, 33, 36, 39, 42, 45 and 48 positions). A third of the
/// positions, in three times as many pictures, lies the same way.
ConvolutionShape withoutThreeTiles(ConvolutionShape shape);

/// Throws (bad input) unless a bias (null: none) has one element for each channel of the result.
void requireBiasShape(const Tensor* bias, const Shape& dst);
/// Throws (bad input) unless a residual has the shape of the result that it is added to.
void requireResidualShape(const Shape& residual, const Shape& dst);

}  // namespace quant::onednn
