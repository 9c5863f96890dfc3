#pragma once

namespace quant {

/// The closed interval of real values that a quantized tensor must be able to represent.
struct Range {
  float low = 0;
  float high = 0;
  bool operator==(const Range&) const = default;
};

}  // namespace quant
