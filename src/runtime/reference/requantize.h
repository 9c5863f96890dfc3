#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "runtime/is_nan.h"

namespace quant::reference {

/// Half to even for |x| < 2^22, in a form that vectorises: next to 1.5 * 2^23 floats are one apart.
inline float roundHalfToEven(float x) {
  constexpr float kMagic = 0x1.8p23F;
  return (x + kMagic) - kMagic;
}

/// How a real number that is already divided by the scale becomes an integer of type Q (8 or 16 bits, or fewer of them
/// where `low` and `high` say so): saturate(round half to even(x) + zero_point), as core/quant_params says; here in a
/// form for inner loops. Limits are whole numbers, so it makes no difference that saturation comes before rounding. NaN
/// becomes the zero point.
template <class Q>
class Quantizer {
  static_assert(std::is_integral_v<Q> && sizeof(Q) <= 2);

 public:
  explicit Quantizer(Q zero_point, int32_t low = std::numeric_limits<Q>::min(),
                     int32_t high = std::numeric_limits<Q>::max())
      : zero_point_(zero_point),
        low_(static_cast<float>(low - zero_point_)),
        high_(static_cast<float>(high - zero_point_)) {}

  [[nodiscard]] Q operator()(float x) const {
    const float number = isNan(x) ? 0 : x;
    const float raised = number > low_ ? number : low_;
    const float clamped = raised < high_ ? raised : high_;
    return static_cast<Q>(static_cast<int32_t>(roundHalfToEven(clamped)) + zero_point_);
  }
  /// Rounds once, from double.
  [[nodiscard]] Q operator()(double x) const {
    if (std::isnan(x)) return static_cast<Q>(zero_point_);
    const double clamped = std::fmin(std::fmax(x, static_cast<double>(low_)), static_cast<double>(high_));
    return static_cast<Q>(static_cast<int32_t>(std::nearbyint(clamped)) + zero_point_);
  }

 private:
  int32_t zero_point_;
  float low_, high_;
};

}  // namespace quant::reference
