#pragma once

#include <bit>
#include <cstdint>

namespace quant::onednn {

/// exp of a number from -88 to 88, in plain arithmetic that compilers do for many numbers at a time: a power of two
/// times a polynomial of what is left. Wrong in the last bit at most; NaN stays NaN; -88 gives 0.
///
/// Numbers beyond must be cut in a loop before: where both are done in one loop, the compiler treats the cut case
/// apart, by a jump, and then no longer computes many at a time.
inline float expOf(float x) {
  constexpr float kRoundsToWhole = 12582912.0F;  // 1.5 * 2^23: adding it leaves no place for a fraction
  const float shifted = x * 1.44269504088896341F + kRoundsToWhole;
  const float power = shifted - kRoundsToWhole;
  const float rest = (x - power * 0.693359375F) + power * 2.12194440e-4F;  // ln 2 in two parts
  float p = 1.9875691500e-4F;
  p = p * rest + 1.3981999507e-3F;
  p = p * rest + 8.3334519073e-3F;
  p = p * rest + 4.1665795894e-2F;
  p = p * rest + 1.6666665459e-1F;
  p = p * rest + 5.0000001201e-1F;
  constexpr uint32_t kBias = 127, kMantissaBits = 23;
  const uint32_t exponent = std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(kRoundsToWhole) + kBias;
  return (p * rest * rest + rest + 1) * std::bit_cast<float>(exponent << kMantissaBits);
}

}  // namespace quant::onednn
