#pragma once

namespace quant {

/// Whether x is NaN, for numbers of any type (an integer never is), as one comparison: loops over it vectorize.
template <class T>
constexpr bool isNan(T x) {
  return x != x;  // NOLINT(misc-redundant-expression): NaN alone differs from itself
}

}  // namespace quant
