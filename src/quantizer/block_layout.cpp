#include "quantizer/block_layout.h"

#include <algorithm>

namespace quant {

namespace {

constexpr uint8_t kMiddle = 8;  // the zero of 4 bits without a zero point

int64_t bytesFor(int64_t integers) { return (integers + 1) / 2; }

uint8_t joined(uint8_t first, uint8_t second) { return static_cast<uint8_t>(first | second << 4); }

/// Rows of 4-bit integers, each filled up to whole bytes.
template <class At>
Tensor packRows(Shape shape, int64_t rows, int64_t columns, At at) {
  Tensor tensor(DataType::kUInt8, std::move(shape));
  auto* dst = tensor.data<uint8_t>().data();
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; column += 2) {
      *dst++ = joined(at(row, column), column + 1 < columns ? at(row, column + 1) : kMiddle);
    }
  }
  return tensor;
}

}  // namespace

Shape productIntegersShape(const Shape& weights, int64_t block) {
  return {weights[1], (weights[0] + block - 1) / block, block / 2};
}

Tensor productIntegers(const CodedWeights& coded, int64_t block) {
  const int64_t channels = coded.shape[0], columns = coded.shape[1];
  const Shape shape = productIntegersShape(coded.shape, block);
  Tensor tensor(DataType::kUInt8, shape);
  auto* const dst = tensor.data<uint8_t>().data();
  const int64_t bytes = shape[1] * shape[2];
#pragma omp parallel for schedule(static)
  for (int64_t n = 0; n < columns; ++n) {
    const auto at = [&](int64_t k) {
      return k < channels ? static_cast<uint8_t>(coded.integers[static_cast<size_t>(k * columns + n)]) : kMiddle;
    };
    for (int64_t i = 0; i < bytes; ++i) dst[n * bytes + i] = joined(at(2 * i), at(2 * i + 1));
  }
  return tensor;
}

Tensor productScales(const CodedWeights& coded, DataType type) {
  const int64_t blocks = coded.scales_shape[0], columns = coded.scales_shape[1];
  CodedWeights turned{{}, {columns * blocks}, {}, std::vector<float>(coded.scales.size()), {}};
  for (int64_t n = 0; n < columns; ++n) {
    for (int64_t b = 0; b < blocks; ++b) {
      turned.scales[static_cast<size_t>(n * blocks + b)] = coded.scales[static_cast<size_t>(b * columns + n)];
    }
  }
  return scalesTensor(turned, type);
}

Shape productZerosShape(const Shape& scales) { return {scales[1] * bytesFor(scales[0])}; }

Tensor productZeros(const CodedWeights& coded) {
  const int64_t blocks = coded.scales_shape[0], columns = coded.scales_shape[1];
  return packRows(productZerosShape(coded.scales_shape), columns, blocks, [&](int64_t n, int64_t b) {
    return static_cast<uint8_t>(coded.zeros[static_cast<size_t>(b * columns + n)]);
  });
}

Tensor tableIntegers(const CodedWeights& coded) {
  const int64_t rows = coded.shape[0], columns = coded.shape[1];
  return packRows({rows, bytesFor(columns)}, rows, columns, [&](int64_t row, int64_t column) {
    return static_cast<uint8_t>(coded.integers[static_cast<size_t>(row * columns + column)]);
  });
}

Tensor splitTableIntegers(const CodedWeights& coded) {
  const int64_t rows = coded.shape[0], half = coded.shape[1] / 2;
  return packRows({rows, half}, rows, 2 * half, [&](int64_t row, int64_t column) {
    const int64_t from = column / 2 + (column % 2) * half;
    return static_cast<uint8_t>(coded.integers[static_cast<size_t>(row * 2 * half + from)]);
  });
}

Shape tableZerosShape(const Shape& scales) { return {scales[0], bytesFor(scales[1])}; }

Tensor tableZeros(const CodedWeights& coded) {
  const int64_t rows = coded.scales_shape[0], columns = coded.scales_shape[1];
  return packRows(tableZerosShape(coded.scales_shape), rows, columns, [&](int64_t row, int64_t column) {
    return static_cast<uint8_t>(coded.zeros[static_cast<size_t>(row * columns + column)]);
  });
}

}  // namespace quant
