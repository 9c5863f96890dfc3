#pragma once

#include <cstdint>

#include "core/tensor.h"

namespace quant {

/// True for the floating point types of 8 and 4 bits. They are stored, never computed with: these functions are the way
/// to float and back.
bool isNarrowFloat(DataType type);

/// What becomes of a number that lies beyond the largest finite one.
enum class Overflow {
  kSaturate,  ///< the largest finite number, also for infinity
  kSpecial,   ///< infinity where the type has one, else NaN
};

/// How float8e8m0, whose values are the powers of two, takes what lies between two of them.
enum class PowerRounding { kUp, kDown, kNearest };

/// The number that a code stands for.
float decodeNarrowFloat(DataType type, uint8_t code);

/// The code of the nearest number, ties to the even code. float8e8m0 has no sign: the magnitude is taken.
uint8_t encodeNarrowFloat(DataType type, float value, Overflow overflow = Overflow::kSaturate,
                          PowerRounding rounding = PowerRounding::kUp);

/// Whole tensors: a narrow type -> float, and back. float4e2m1 lies packed (core/packed).
Tensor decodeNarrowFloats(const Tensor& narrow);
Tensor encodeNarrowFloats(const Tensor& floats, DataType type, Overflow overflow = Overflow::kSaturate,
                          PowerRounding rounding = PowerRounding::kUp);

}  // namespace quant
