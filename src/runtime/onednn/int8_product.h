#pragma once

#include "runtime/onednn/int8_results.h"
#include "runtime/onednn/matmul_dims.h"

namespace quant::onednn {

/// An operand of a product: 8-bit integers, each less the zero point.
struct ProductOperand {
  const Tensor& tensor;
  int32_t zero_point;
};

/// The product of two computed operands with exact sums on any CPU, by the kernels of the tiled form. `dst` is what
/// `results` makes of the sums; its channels are the product's columns.
void multiplyExactly(const ProductOperand& a, const ProductOperand& b, const MatMulDims& dims,
                     const Int8Results& results, Tensor& dst);

}  // namespace quant::onednn
