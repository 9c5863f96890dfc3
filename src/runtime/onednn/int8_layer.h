#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "runtime/onednn/activation.h"
#include "runtime/onednn/convolution_shape.h"
#include "runtime/onednn/int8_tensor.h"
#include "runtime/onednn/primitive.h"

namespace quant::onednn {

/// What the integers of a tensor mean: real = scale * (q - zero_point).
struct Int8Scale {
  DataType type = DataType::kUInt8;
  float scale = 1;
  int32_t zero_point = 0;
};

/// A convolution of 8-bit integers with constant weights, whatever the size of its source: what QLinearConv,
/// ConvInteger and the products with constant weights have in common.
///
///   accumulator = Σ weights * (src - zero point)
///   real        = activation(accumulator * unit + bias + residual)
///   dst         = saturate(round(real / scale) + zero_point), or `real`, or the accumulator itself
struct Int8Layer {
  Tensor weights;            // s8, symmetric: [O, I / groups, k...]
  DataType src_type = DataType::kUInt8;
  std::vector<float> units;  // the real value of one in the accumulator, for each output channel
  std::vector<float> bias;   // in real units for each output channel, or empty
  std::optional<Int8Scale> residual;
  Activation activation;
  DataType dst_type = DataType::kUInt8;  // kInt32 is the accumulator, kFloat32 the real numbers
  std::optional<Int8Scale> dst;          // for 8-bit results
};

struct Int8Arguments {
  const Tensor& src;  // channels-last
  int32_t src_zero_point;
  const Tensor* residual;  // as the layer says; in dst's shape and channels-last
  Tensor& dst;             // channels-last
};

/// One way to compute a layer. All give the same integers; which one is fast, and which one a CPU's instructions leave
/// exact, depends on the layer's weights.
class Int8Form {
 public:
  virtual ~Int8Form() = default;
  virtual void run(const ConvolutionShape& shape, const Int8Arguments& arguments) = 0;
};

/// The form to use on this CPU. The layer must outlive it.
std::unique_ptr<Int8Form> chooseInt8Form(const Int8Layer& layer);

/// Weights as s8 with zero point 0: unsigned ones are shifted by 128. Nothing when a zero point lies elsewhere, or the
/// type is not an 8-bit one.
std::optional<Tensor> symmetricWeights(const Tensor& weights, const std::vector<int32_t>& zero_points);
/// Unsigned integers as signed ones, each 128 less.
Tensor shiftedToSigned(const Tensor& unsigned_integers);

/// What one in the accumulator is worth, for each output channel: src_scale * weight_scales.
std::vector<float> accumulatorUnits(float src_scale, std::vector<float> weight_scales);

/// An int32 bias in real units.
std::vector<float> realBias(const Tensor& bias, const std::vector<float>& units);

}  // namespace quant::onednn
