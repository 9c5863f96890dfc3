#pragma once

#include <cstdint>

namespace quant::reference {

/// Mean and (population) variance.
struct Moments {
  double mean = 0, variance = 0;
};

/// Of at(0) ... at(count - 1), in two passes, so that a large mean does not eat the variance.
template <class At>
Moments momentsOf(int64_t count, At at) {
  Moments moments;
  const auto divisor = static_cast<double>(count);
  for (int64_t i = 0; i < count; ++i) moments.mean += at(i);
  moments.mean /= divisor;
  for (int64_t i = 0; i < count; ++i) moments.variance += (at(i) - moments.mean) * (at(i) - moments.mean);
  moments.variance /= divisor;
  return moments;
}

}  // namespace quant::reference
