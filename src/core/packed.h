#pragma once

#include "core/tensor.h"

namespace quant {

/// True for element types of less than a byte (int4, uint4, int2, uint2, float4e2m1). Their elements lie packed as ONNX
/// packs them, the first one in the lowest bits of a byte; to compute with them they are unpacked.
bool isPacked(DataType type);

/// The type that one element of a packed type takes when it has a byte of its own: int8 for the signed integers, uint8
/// for the unsigned ones and for the codes of float4e2m1. Any other type is its own.
DataType unpackedType(DataType type);

/// The same elements, one in each byte; signed ones keep their value.
Tensor unpack(const Tensor& packed);

/// Elements of unpackedType(type) as a tensor of `type`. Only the lowest bits of each are kept.
Tensor pack(const Tensor& unpacked, DataType type);

}  // namespace quant
