#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/data_type.h"
#include "core/range.h"
#include "core/tensor.h"

namespace quant {

/// The integers that a quantized tensor may hold.
struct QuantLimits {
  int32_t low;
  int32_t high;
};

/// The whole range of an integer storage type (2, 4, 8, 16 or 32 bits).
QuantLimits storageLimits(DataType storage);

/// How real numbers map to integers: real = scale * (q - zero_point), for the whole tensor or for each index along one
/// axis. The only place of the program that rounds to a grid.
///
/// Rounding is half to even, then saturation, in ONNX's order: saturate(round(real / scale) + zero_point).
class QuantParams {
 public:
  /// One scale for the whole tensor. Throws (internal) when the scale is not finite and positive or the zero point is
  /// outside the storage type.
  QuantParams(DataType storage, float scale, int32_t zero_point);
  /// One scale and zero point for each index along `axis`.
  QuantParams(DataType storage, std::vector<float> scales, std::vector<int32_t> zero_points, int64_t axis);

  [[nodiscard]] DataType storage() const { return storage_; }
  [[nodiscard]] std::optional<int64_t> axis() const { return axis_; }
  [[nodiscard]] std::span<const float> scales() const { return scales_; }
  [[nodiscard]] std::span<const int32_t> zeroPoints() const { return zero_points_; }
  [[nodiscard]] float scale() const { return scales_.front(); }
  [[nodiscard]] int32_t zeroPoint() const { return zero_points_.front(); }
  bool operator==(const QuantParams&) const = default;

  /// The integer for one value, with the parameters of `channel`. NaN becomes the zero point.
  [[nodiscard]] int32_t quantize(float real, size_t channel = 0) const;
  [[nodiscard]] float dequantize(int32_t q, size_t channel = 0) const;

  /// Whole tensors: float -> storage type, and back.
  [[nodiscard]] Tensor quantize(const Tensor& real) const;
  [[nodiscard]] Tensor dequantize(const Tensor& stored) const;

  /// The real values at the two ends of the grid.
  [[nodiscard]] Range representable(size_t channel = 0) const;

 private:
  DataType storage_;
  std::vector<float> scales_;
  std::vector<int32_t> zero_points_;
  std::optional<int64_t> axis_;
};

/// Asymmetric parameters for activations: the whole storage range spans `range` widened to hold zero; zero is exact.
/// An empty range gives scale 1 and zero point 0. `storage` has 2 to 16 bits.
QuantParams asymmetricParams(Range range, DataType storage);

/// Symmetric parameters for activations: +-max(|low|, |high|). Signed types use [-127, 127] with zero point 0, unsigned
/// ones [0, 255] with zero point 128 (and [0, 255] with zero point 0 when the range has no negative part).
QuantParams symmetricParams(Range range, DataType storage);

/// Symmetric scale of weights in the narrow range [-127, 127] (8 bits); 1 where `max_abs` is zero, and large enough
/// that dequantized values stay finite.
float symmetricWeightScale(float max_abs, DataType storage);

/// saturate(round half to even(value)) within `limits`.
int32_t roundAndSaturate(float value, QuantLimits limits);

}  // namespace quant
