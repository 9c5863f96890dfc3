#include "core/finite.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/error.h"
#include "core/files.h"
#include "core/for_each_cpu.h"

namespace quant {

namespace {

// No way out of the loops, so that they vectorize: nearly all tensors are read to their end anyway.

QUANTIZE_FOR_EACH_CPU bool isFinite(const uint32_t* bits, size_t count, uint32_t exponent) {
  uint32_t odd = 0;
  for (size_t i = 0; i < count; ++i) odd |= (bits[i] & exponent) == exponent ? 1U : 0U;
  return odd == 0;
}

QUANTIZE_FOR_EACH_CPU bool isFinite(const uint16_t* bits, size_t count, uint16_t exponent) {
  uint16_t odd = 0;
  for (size_t i = 0; i < count; ++i) odd |= static_cast<uint16_t>((bits[i] & exponent) == exponent);
  return odd == 0;
}

template <class Bits>
bool allFinite(const Tensor& tensor, Bits exponent) {
  constexpr size_t kPiece = size_t{4} << 20;
  const std::span numbers(static_cast<const Bits*>(tensor.bytes()), static_cast<size_t>(tensor.elementCount()));
  for (size_t begin = 0; begin < numbers.size(); begin += kPiece) {
    const auto piece = numbers.subspan(begin, std::min(kPiece, numbers.size() - begin));
    const bool is_finite = isFinite(piece.data(), piece.size(), exponent);
    releasePages(std::as_bytes(piece));
    if (!is_finite) return false;
  }
  return true;
}

}  // namespace

bool allFinite(const Tensor& tensor) {
  switch (tensor.type()) {
    case DataType::kFloat32: return allFinite(tensor, uint32_t{0x7F800000});
    case DataType::kFloat16: return allFinite(tensor, uint16_t{0x7C00});
    case DataType::kBFloat16: return allFinite(tensor, uint16_t{0x7F80});
    default: throwInternal("{} has no NaN and no infinity", toString(tensor.type()));
  }
}

}  // namespace quant
