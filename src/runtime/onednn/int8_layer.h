#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "runtime/onednn/activation.h"
#include "runtime/onednn/convolution_shape.h"
#include "runtime/onednn/int8_tensor.h"
#include "runtime/onednn/pair_sums.h"
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
///   x   = float(Σ weights * (src - zero point) + bias) * multiplier
///   dst = saturate(round half to even(activation(x + residual) / divisor) + zero_point), or x itself for a float
///         result, or the sum for an int32 one
///
/// Without residual and activation this is the reference's arithmetic step for step, and so are the results.
struct Int8Layer {
  Tensor weights;  // s8, symmetric: [O, I / groups, k...]
  int64_t groups = 1;
  DataType src_type = DataType::kUInt8;
  std::vector<int32_t> bias;       // for each output channel, or empty
  std::vector<float> multipliers;  // for each output channel; empty for an int32 result
  std::optional<Int8Scale> residual;
  Activation activation;
  float divisor = 1;
  DataType dst_type = DataType::kUInt8;
  int32_t dst_zero_point = 0;
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

/// As many groups as channels on both sides.
inline bool isDepthwise(const Int8Layer& layer) {
  return layer.groups > 1 && layer.weights.shape()[1] == 1 && layer.weights.shape()[0] == layer.groups;
}

/// The fastest form that gives `pair_sums` on this CPU. The layer must outlive it.
std::unique_ptr<Int8Form> chooseInt8Form(const Int8Layer& layer, PairSums pair_sums);

/// oneDNN's own kernel: exact on CPUs with VNNI, elsewhere where no pair of products saturates.
std::unique_ptr<Int8Form> makeDirectForm(const Int8Layer& layer);

/// True when no two products of neighbouring input channels with unsigned sources can leave 16 bits: proven from the
/// weights, s8 [O, I / groups, k...], alone.
bool pairsFit(const Tensor& weights);

/// Weights as s8 with zero point 0: unsigned ones are shifted by 128. Nothing when a zero point lies elsewhere, or the
/// type is not an 8-bit one.
std::optional<Tensor> symmetricWeights(const Tensor& weights, const std::vector<int32_t>& zero_points);
/// A product's weights, s8 [depth, columns], as those of a pointwise convolution: [columns, depth, 1, 1].
Tensor transposedWeights(const Tensor& b);
/// Unsigned integers as signed ones, each 128 less.
Tensor shiftedToSigned(const Tensor& unsigned_integers);

}  // namespace quant::onednn
