#include "core/packed.h"

#include <algorithm>
#include <cstring>

namespace quant {

namespace {

bool isSigned(DataType type) { return type == DataType::kInt4 || type == DataType::kInt2; }

/// The lowest `bits` bits of `byte`, as a number of its own with the sign that they have.
uint8_t extended(uint8_t byte, int bits, bool is_signed) {
  const auto mask = static_cast<uint8_t>((1U << bits) - 1);
  const auto low = static_cast<uint8_t>(byte & mask);
  const bool negative = is_signed && (low >> (bits - 1)) != 0;
  return static_cast<uint8_t>(negative ? low | static_cast<uint8_t>(~mask) : low);
}

}  // namespace

bool isPacked(DataType type) {
  const int bits = elementBits(type);
  return bits > 0 && bits < 8;
}

DataType unpackedType(DataType type) {
  if (!isPacked(type)) return type;
  return isSigned(type) ? DataType::kInt8 : DataType::kUInt8;
}

Tensor unpack(const Tensor& packed) {
  const DataType type = packed.type();
  if (!isPacked(type)) throwInternal("a tensor of type {} is not packed", toString(type));
  Tensor result(unpackedType(type), packed.shape(), packed.layout());
  const int bits = elementBits(type);
  const int64_t each = 8 / bits;
  const auto* const src = static_cast<const uint8_t*>(packed.bytes());
  auto* const dst = static_cast<uint8_t*>(result.bytes());
  for (int64_t i = 0; i < packed.elementCount(); ++i) {
    dst[i] = extended(static_cast<uint8_t>(src[i / each] >> (i % each * bits)), bits, isSigned(type));
  }
  return result;
}

Tensor pack(const Tensor& unpacked, DataType type) {
  if (!isPacked(type) || unpacked.type() != unpackedType(type)) {
    throwInternal("a tensor of type {} was packed as {}", toString(unpacked.type()), toString(type));
  }
  Tensor result(type, unpacked.shape(), unpacked.layout());
  const int bits = elementBits(type);
  const int64_t each = 8 / bits;
  const unsigned mask = (1U << bits) - 1;
  const auto* const src = static_cast<const uint8_t*>(unpacked.bytes());
  auto* const dst = static_cast<uint8_t*>(result.bytes());
  std::memset(dst, 0, result.byteSize());
  for (int64_t i = 0; i < unpacked.elementCount(); ++i) {
    dst[i / each] = static_cast<uint8_t>(dst[i / each] | (src[i] & mask) << (i % each * bits));
  }
  return result;
}

}  // namespace quant
