#pragma once

#include <cstdint>

#include "core/tensor.h"
#include "graph/node.h"

namespace quant::reference {

// Weights of few bits, as com.microsoft's MatMulNBits and GatherBlockQuantized read them: bytes that hold several
// integers, the first in the lowest bits, in blocks that share a scale and a zero point.

/// Integer number `index` of those of `bits` bits that start at `bytes`.
inline int smallInteger(const uint8_t* bytes, int64_t index, int bits) {
  const int64_t each = 8 / bits;
  return bytes[index / each] >> (index % each * bits) & ((1 << bits) - 1);
}

/// The inputs 1 to 4 of a MatMulNBits; null where one is left out.
struct ProductWeights {
  const Tensor *integers, *scales, *zero_points, *block_of_channel;
};

/// The weights [K, N] of a MatMulNBits node, in the type of their scales. Throws (bad input) when a tensor does not
/// have the size that the attributes ask for, (unsupported) for other than 2, 4 or 8 bits.
Tensor dequantizeProductWeights(const Node& node, const ProductWeights& weights);

}  // namespace quant::reference
