#pragma once

#include <string>
#include <vector>

#include "core/tensor.h"
#include "quantizer/error_feedback.h"

namespace quant {

/// How a weight tensor is stored in few bits.
struct WeightStorage {
  DataType type = DataType::kInt8;  ///< kInt8, kInt4 or kUInt4
  int64_t axis = 0;
  int64_t block = 0;         ///< weights along `axis` that share a scale; 0: one scale for each index along `axis`
  bool zero_points = false;  ///< of kUInt4; without them its zero is 8
  bool negative_scales = false;
  bool operator==(const WeightStorage&) const = default;

  /// "int4 in blocks of 32 along axis 0", "int8, one scale for each of axis 1".
  [[nodiscard]] std::string describe() const;
};

/// Weights as integers, still one in each byte and in the order of their tensor.
struct CodedWeights {
  Shape shape, scales_shape;
  std::vector<int8_t> integers;
  std::vector<float> scales;
  std::vector<int8_t> zeros;  ///< for each scale
};

/// The shape of the scales of a weight tensor.
Shape scalesShape(const Shape& weights, const WeightStorage& storage);

/// Chooses scales and integers for float or float16 weights. `feedback`, which may be null, belongs to the axis along
/// which the products are summed up. Pages of a mapped file leave memory again.
CodedWeights codeWeights(const Tensor& weights, const WeightStorage& storage, ErrorFeedback* feedback);

/// The integers as ONNX stores them.
Tensor storedTensor(const Shape& shape, DataType type, const std::vector<int8_t>& integers);

/// The scales as `type`, float or float16.
Tensor scalesTensor(const CodedWeights& coded, DataType type);

}  // namespace quant
