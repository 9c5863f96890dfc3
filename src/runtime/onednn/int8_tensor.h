#pragma once

#include "runtime/kernel.h"
#include "runtime/onednn/int8_loops.h"
#include "runtime/reference/quant_input.h"

namespace quant::onednn {

inline bool isInt8(const Tensor& tensor) {
  return tensor.type() == DataType::kUInt8 || tensor.type() == DataType::kInt8;
}

/// The bytes of an 8-bit tensor, signed or not.
inline const uint8_t* bytesOf(const Tensor& tensor) { return static_cast<const uint8_t*>(tensor.bytes()); }
inline uint8_t* bytesOf(Tensor& tensor) { return static_cast<uint8_t*>(tensor.bytes()); }

/// What turns the bytes of a type into unsigned ones: the sign bit of signed ones.
inline uint8_t flipOf(DataType type) { return type == DataType::kInt8 ? 0x80 : 0; }

/// The scale at input `index` and the zero point at the next one, for a tensor of `type`. Throws (bad input) when they
/// have more than one element.
inline ByteScale byteScale(KernelContext& context, size_t index, DataType type) {
  return {reference::scalarScale(context, index), reference::scalarZeroPoint(context, index + 1), flipOf(type)};
}

}  // namespace quant::onednn
