#pragma once

#include <cstdint>
#include <limits>
#include <span>

namespace quant {

/// What can be said exactly of many values without keeping them. Two summaries of parts merge into that of the whole,
/// bit for bit, whatever the parts and their order.
struct Summary {
  int64_t elements = 0;    ///< all of them, the next two included
  int64_t zeros = 0;       ///< exactly zero, of either sign
  int64_t non_finite = 0;  ///< infinities and NaNs; they take no part in min and max
  /// The smallest and the largest finite value; min > max where there is none. A zero is always +0.
  float min = std::numeric_limits<float>::infinity();
  float max = -std::numeric_limits<float>::infinity();

  [[nodiscard]] int64_t finite() const { return elements - non_finite; }
  void merge(const Summary& other);
  bool operator==(const Summary&) const = default;
};

Summary summarize(std::span<const float> values);

}  // namespace quant
