#pragma once

#include <cstdint>

#include "graph/node.h"

namespace quant {

/// Multiply-accumulates of a model, and how many of them are done on 8-bit integers and on 16-bit floats.
struct Macs {
  int64_t total = 0;
  int64_t int8 = 0;
  int64_t float16 = 0;  ///< float16 and bfloat16 operands, whatever the sums are kept in

  Macs& operator+=(const Macs& other) {
    total += other.total;
    int8 += other.int8;
    float16 += other.float16;
    return *this;
  }
};

/// Multiply-accumulates of one step with weights or two matrices (Conv, ConvTranspose, Gemm, MatMul and their integer
/// and fused forms; LSTM, GRU, RNN; attention); zero for any other operator. `weights` is the shape of the second
/// operand: W, B.
Macs macsOf(const Node& node, const Shape& src, const Shape& weights, const Shape& dst);

/// LSTM, GRU, RNN and their like: W multiplies the inputs of all steps, and there is an R as well.
bool isRecurrent(const Node& node);

/// True for such a step that is not one of 8-bit integers.
bool multipliesFloats(const Node& node);

/// Which input of `node` holds the second operand that `macsOf` wants.
int weightsInput(const Node& node);

}  // namespace quant
