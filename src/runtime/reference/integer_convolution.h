#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "runtime/reference/convolution_shapes.h"
#include "runtime/reference/dot_products.h"

namespace quant::reference {

/// A convolution of 8-bit integers with exact 32-bit sums, the heart of QLinearConv and ConvInteger. It is the meaning
/// of "exact" for whole networks, so it is fast: numbers are widened to 16 bits, less their zero points (which makes
/// padding plain zeros), with channels last.
class IntegerConvolution {
 public:
  /// `weights` are uint8 or int8 [M, C / groups, kernel...], one zero point for each of the M output channels.
  IntegerConvolution(const Tensor& weights, std::span<const int32_t> zero_points, int64_t groups);

  /// Calls store(pixel, channel, sums) with sums of neighbouring output channels, for every output pixel counted
  /// through the batch. `src` is uint8 or int8, channels-last; `shapes` belongs to these weights.
  void run(const Tensor& src, int32_t zero_point, const ConvolutionShapes& shapes, const StoreSums& store) const;

 private:
  void runDense(const int16_t* image, int64_t first_pixel, const ConvolutionShapes& shapes,
                const StoreSums& store) const;
  void runDepthwise(const int16_t* image, int64_t first_pixel, const ConvolutionShapes& shapes,
                    const StoreSums& store) const;

  bool depthwise_;      ///< each output channel reads one input channel of its own
  PackedRows weights_;  ///< [M][kernel, C / groups]; depthwise [kernel][M]
};

}  // namespace quant::reference
