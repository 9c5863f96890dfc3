#include "core/data_type.h"

namespace quant {

namespace {

struct TypeRow {
  DataType type;
  int bits;
  std::string_view name;
};

constexpr TypeRow kTypes[] = {
    {DataType::kUndefined, 0, "undefined"},
    {DataType::kFloat32, 32, "float"},
    {DataType::kUInt8, 8, "uint8"},
    {DataType::kInt8, 8, "int8"},
    {DataType::kUInt16, 16, "uint16"},
    {DataType::kInt16, 16, "int16"},
    {DataType::kInt32, 32, "int32"},
    {DataType::kInt64, 64, "int64"},
    {DataType::kString, 0, "string"},
    {DataType::kBool, 8, "bool"},
    {DataType::kFloat16, 16, "float16"},
    {DataType::kFloat64, 64, "double"},
    {DataType::kUInt32, 32, "uint32"},
    {DataType::kUInt64, 64, "uint64"},
    {DataType::kComplex64, 64, "complex64"},
    {DataType::kComplex128, 128, "complex128"},
    {DataType::kBFloat16, 16, "bfloat16"},
    {DataType::kFloat8E4M3FN, 8, "float8e4m3fn"},
    {DataType::kFloat8E4M3FNUZ, 8, "float8e4m3fnuz"},
    {DataType::kFloat8E5M2, 8, "float8e5m2"},
    {DataType::kFloat8E5M2FNUZ, 8, "float8e5m2fnuz"},
    {DataType::kUInt4, 4, "uint4"},
    {DataType::kInt4, 4, "int4"},
    {DataType::kFloat4E2M1, 4, "float4e2m1"},
    {DataType::kFloat8E8M0, 8, "float8e8m0"},
    {DataType::kUInt2, 2, "uint2"},
    {DataType::kInt2, 2, "int2"},
};

const TypeRow* find(DataType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

}  // namespace

int elementBits(DataType type) {
  const TypeRow* row = find(type);
  return row ? row->bits : 0;
}

int elementSize(DataType type) { return elementBits(type) / 8; }

size_t storageBytes(DataType type, int64_t count) {
  const int bits = elementBits(type);
  if (bits % 8 == 0) return static_cast<size_t>(count) * static_cast<size_t>(bits / 8);
  return (static_cast<size_t>(count) * static_cast<size_t>(bits) + 7) / 8;
}

std::string_view toString(DataType type) {
  const TypeRow* row = find(type);
  return row ? row->name : "an element type unknown to this program";
}

bool isFloatingPoint(DataType type) {
  return type == DataType::kFloat32 || type == DataType::kFloat64 || type == DataType::kFloat16 ||
         type == DataType::kBFloat16;
}

// Round to nearest even on the bits: adding half of the last kept place carries into the exponent where it must.
Float16::Float16(float value) {
  const auto x = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((x >> 16) & 0x8000U);
  const uint32_t magnitude = x & 0x7FFFFFFFU;
  constexpr uint32_t kInfinity = 0x7F800000U, kOverflow = 0x477FF000U, kSmallestNormal = 0x38800000U;
  if (magnitude > kInfinity) {
    bits = static_cast<uint16_t>(sign | 0x7E00U);  // NaN
  } else if (magnitude >= kOverflow) {
    bits = static_cast<uint16_t>(sign | 0x7C00U);
  } else if (magnitude >= kSmallestNormal) {
    const uint32_t rebased = magnitude - 0x38000000U;  // exponent bias 127 -> 15
    bits = static_cast<uint16_t>(sign | ((rebased + 0xFFFU + ((rebased >> 13) & 1U)) >> 13));
  } else {
    // Subnormal: adding 0.5 leaves the 10 kept bits at the bottom of the sum's mantissa, rounded by the FPU.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    bits = static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(0.5F)));
  }
}

Float16::operator float() const {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000U) << 16;
  const uint32_t magnitude = bits & 0x7FFFU;
  if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (magnitude & 0x3FFU) << 13);
  if (magnitude >= 0x0400U) return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000U));
  const float subnormal = static_cast<float>(magnitude) * 0x1p-24F;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(subnormal));
}

BFloat16::BFloat16(float value) {
  const auto x = std::bit_cast<uint32_t>(value);
  const bool is_nan = (x & 0x7FFFFFFFU) > 0x7F800000U;
  bits = static_cast<uint16_t>(is_nan ? (x >> 16) | 0x40U : (x + 0x7FFFU + ((x >> 16) & 1U)) >> 16);
}

}  // namespace quant
