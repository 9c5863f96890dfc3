#pragma once

#include <bit>
#include <cstdint>

namespace quant {

/// The natural logarithm of a positive normal number, to about one unit in the last place. Unlike std::log it is the
/// same for every C library, and a loop over it vectorizes.
///
///   x = m * 2^e with m in [sqrt(1/2), sqrt(2)),   s = (m - 1) / (m + 1)
///   log(x) = e * log(2) + 2 * (s + s^3 / 3 + s^5 / 5 + ... + s^19 / 19), what is left out being below 2^-54
inline double logarithm(double x) {
  constexpr uint64_t kOne = 0x3ff0000000000000, kSqrtHalf = 0x3fe6a09e667f3bcd;  // the bits of these numbers
  constexpr int kMantissaBits = 52;
  constexpr double kTwo52 = 0x1p52, kBias = 1023, kLog2 = 0x1.62e42fefa39efp-1;
  const auto bits = std::bit_cast<uint64_t>(x);
  // No comparison of doubles, which g++ would not vectorize: x / sqrt(1/2) has the exponent that is wanted.
  const uint64_t biased = (bits - kSqrtHalf + kOne) >> kMantissaBits;
  const auto m = std::bit_cast<double>(bits - (biased << kMantissaBits) + kOne);
  // An integer below 2^52, put into the mantissa of 2^52: AVX2 cannot convert 64-bit integers.
  const double e = std::bit_cast<double>(biased | std::bit_cast<uint64_t>(kTwo52)) - (kTwo52 + kBias);
  const double s = (m - 1) / (m + 1), z = s * s;
  double series = 1.0 / 19;
  series = series * z + 1.0 / 17;
  series = series * z + 1.0 / 15;
  series = series * z + 1.0 / 13;
  series = series * z + 1.0 / 11;
  series = series * z + 1.0 / 9;
  series = series * z + 1.0 / 7;
  series = series * z + 1.0 / 5;
  series = series * z + 1.0 / 3;
  return e * kLog2 + 2 * (s + s * z * series);
}

}  // namespace quant
