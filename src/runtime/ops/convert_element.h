#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "runtime/element_type.h"

namespace quant {

/// To the nearest float below or above such that rounding it once more to 16 bits gives what rounding `value` itself
/// would give ("round to odd").
inline float roundToOdd(double value) {
  const auto nearest = static_cast<float>(value);
  if (static_cast<double>(nearest) == value || !std::isfinite(nearest)) return nearest;
  if ((std::bit_cast<uint32_t>(nearest) & 1U) != 0) return nearest;
  return std::nextafter(nearest, value > static_cast<double>(nearest) ? HUGE_VALF : -HUGE_VALF);
}

/// Truncates. What ONNX leaves undefined is made harmless: too large values saturate, NaN becomes 0.
template <class To, class From>
To truncate(From value) {
  using Limits = std::numeric_limits<To>;
  const From low = static_cast<From>(Limits::min());
  const From above = std::ldexp(From{1}, Limits::digits);  // the first value that is too large; a power of two is exact
  if (!(value > low - From{1})) return std::isnan(value) ? To{0} : Limits::min();
  return value >= above ? Limits::max() : static_cast<To>(value);
}

/// An element as ONNX's Cast gives it: floats to integers truncated and saturated, integers to smaller ones without
/// their upper bits, anything to 16 bits rounded once.
template <class To, class From>
To convertElement(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (kIsHalf<From>) {
    return convertElement<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{0};
  } else if constexpr (kIsHalf<To>) {
    if constexpr (std::is_same_v<From, float>) return To(value);
    return To(roundToOdd(static_cast<double>(value)));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return truncate<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace quant
