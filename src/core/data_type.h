#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace quant {

/// Element types of tensors. The numbers are those of ONNX's TensorProto.DataType.
enum class DataType : int32_t {
  kUndefined = 0,
  kFloat32 = 1,
  kUInt8 = 2,
  kInt8 = 3,
  kUInt16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kFloat64 = 11,
  kUInt32 = 12,
  kUInt64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBFloat16 = 16,
  kFloat8E4M3FN = 17,  // 8-bit and narrower floats: core/narrow_float
  kFloat8E4M3FNUZ = 18,
  kFloat8E5M2 = 19,
  kFloat8E5M2FNUZ = 20,
  kUInt4 = 21,  // types of less than a byte: core/packed
  kInt4 = 22,
  kFloat4E2M1 = 23,
  kFloat8E8M0 = 24,
  kUInt2 = 25,
  kInt2 = 26,
};

/// IEEE 754 binary16, as stored; arithmetic happens in float.
struct Float16 {
  uint16_t bits = 0;

  Float16() = default;
  explicit Float16(float value);
  explicit operator float() const;
  bool operator==(const Float16&) const = default;
};

/// The upper half of an IEEE 754 binary32, as stored; arithmetic happens in float.
struct BFloat16 {
  uint16_t bits = 0;

  BFloat16() = default;
  explicit BFloat16(float value);
  explicit operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
  bool operator==(const BFloat16&) const = default;
};

/// Bits of one element; 0 for types without a fixed size (strings, unknown types).
int elementBits(DataType type);

/// Bytes of one element; 0 for types without a fixed whole size (strings, unknown types, less than a byte).
int elementSize(DataType type);

/// Bytes that `count` elements take: those of less than a byte lie packed, the first in the lowest bits.
size_t storageBytes(DataType type, int64_t count);

/// ONNX's spelling ("float", "uint8", ...); says that the type is unknown for a number that has no name here.
std::string_view toString(DataType type);

/// True for the floating point types that arithmetic is done on (16, 32 and 64 bits).
bool isFloatingPoint(DataType type);

template <class T>
inline constexpr DataType kDataTypeOf = DataType::kUndefined;
template <>
inline constexpr DataType kDataTypeOf<float> = DataType::kFloat32;
template <>
inline constexpr DataType kDataTypeOf<double> = DataType::kFloat64;
template <>
inline constexpr DataType kDataTypeOf<Float16> = DataType::kFloat16;
template <>
inline constexpr DataType kDataTypeOf<BFloat16> = DataType::kBFloat16;
template <>
inline constexpr DataType kDataTypeOf<uint8_t> = DataType::kUInt8;
template <>
inline constexpr DataType kDataTypeOf<int8_t> = DataType::kInt8;
template <>
inline constexpr DataType kDataTypeOf<uint16_t> = DataType::kUInt16;
template <>
inline constexpr DataType kDataTypeOf<int16_t> = DataType::kInt16;
template <>
inline constexpr DataType kDataTypeOf<uint32_t> = DataType::kUInt32;
template <>
inline constexpr DataType kDataTypeOf<int32_t> = DataType::kInt32;
template <>
inline constexpr DataType kDataTypeOf<uint64_t> = DataType::kUInt64;
template <>
inline constexpr DataType kDataTypeOf<int64_t> = DataType::kInt64;
template <>
inline constexpr DataType kDataTypeOf<bool> = DataType::kBool;

}  // namespace quant
