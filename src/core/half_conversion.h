#pragma once

#include <cstdint>
#include <span>

#include "core/data_type.h"
#include "core/tensor.h"

namespace quant {

/// Whole arrays to 16 bits, half to even: the same bits as Float16(float) and BFloat16(float), on every CPU.
void convertToHalf(std::span<const float> from, std::span<Float16> to);
void convertToHalf(std::span<const float> from, std::span<BFloat16> to);

/// And back, which loses nothing.
void convertFromHalf(std::span<const Float16> from, std::span<float> to);
void convertFromHalf(std::span<const BFloat16> from, std::span<float> to);

/// A float32 tensor in `half` (kFloat16 or kBFloat16); large ones on several cores.
Tensor toHalf(const Tensor& floats, DataType half);

/// The largest finite number of `half`, and its smallest normal one.
float largestOf(DataType half);
float smallestNormalOf(DataType half);

/// What a 16-bit type would lose of some numbers.
struct HalfLoss {
  int64_t elements = 0;
  int64_t non_zero = 0;
  int64_t overflowing = 0;  ///< finite, but rounded to infinity
  int64_t vanishing = 0;    ///< not zero, but rounded to zero
  float max_magnitude = 0;  ///< of the finite elements
};

/// Pages of a mapped file leave memory again.
HalfLoss lossIn(DataType half, std::span<const float> values);

}  // namespace quant
