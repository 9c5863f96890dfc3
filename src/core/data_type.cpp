#include "core/data_type.h"

namespace quant {

namespace {

struct TypeRow {
  DataType type;
  int size;
  std::string_view name;
};

constexpr TypeRow kTypes[] = {
    {DataType::kUndefined, 0, "undefined"}, {DataType::kFloat32, 4, "float"},
    {DataType::kUInt8, 1, "uint8"},         {DataType::kInt8, 1, "int8"},
    {DataType::kUInt16, 2, "uint16"},       {DataType::kInt16, 2, "int16"},
    {DataType::kInt32, 4, "int32"},         {DataType::kInt64, 8, "int64"},
    {DataType::kString, 0, "string"},       {DataType::kBool, 1, "bool"},
    {DataType::kFloat16, 2, "float16"},     {DataType::kFloat64, 8, "double"},
    {DataType::kUInt32, 4, "uint32"},       {DataType::kUInt64, 8, "uint64"},
    {DataType::kComplex64, 8, "complex64"}, {DataType::kComplex128, 16, "complex128"},
    {DataType::kBFloat16, 2, "bfloat16"},
};

const TypeRow* find(DataType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

}  // namespace

int elementSize(DataType type) {
  const TypeRow* row = find(type);
  return row ? row->size : 0;
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
