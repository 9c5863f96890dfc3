#pragma once

#include "quantizer/stored_weights.h"

namespace quant {

// How com.microsoft's operators read 4-bit weights: as bytes that hold two integers, the first in the lower half, block
// after block along the axis that is summed up or looked up, for each column of a product or row of a table.

/// [K, N] -> [N, blocks, block / 2]; what a last block lacks is filled up with the zero point.
Shape productIntegersShape(const Shape& weights, int64_t block);
Tensor productIntegers(const CodedWeights& coded, int64_t block);

/// [blocks, N] -> [N * blocks].
Tensor productScales(const CodedWeights& coded, DataType type);

/// [blocks, N] -> [N * bytes for the blocks of a column].
Shape productZerosShape(const Shape& scales);
Tensor productZeros(const CodedWeights& coded);

/// [V, D] -> [V, D / 2].
Tensor tableIntegers(const CodedWeights& coded);

/// [V, D] -> [V, D / 2], in another order: the first half of a row in the lower halves of the bytes, the second half in
/// the upper ones, so that two operations and a Concat take them out.
Tensor splitTableIntegers(const CodedWeights& coded);

/// [V, blocks] -> [V, bytes for the blocks of a row].
Shape tableZerosShape(const Shape& scales);
Tensor tableZeros(const CodedWeights& coded);

}  // namespace quant
