#include "core/narrow_float.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "core/packed.h"

namespace quant {

namespace {

/// sign | exponent | mantissa, as in IEEE 754, with these differences.
struct Format {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  uint8_t largest;      ///< the code of the largest finite number
  uint8_t infinity;     ///< what a number beyond it becomes: infinity's code, or NaN's where there is none
  uint8_t nan;          ///< NaN's code, with the sign bit where it needs one
  bool has_minus_zero;  ///< false where that code means NaN
};

constexpr Format kE4M3FN{4, 3, 7, 0x7E, 0x7F, 0x7F, true};
constexpr Format kE4M3FNUZ{4, 3, 8, 0x7F, 0x80, 0x80, false};
constexpr Format kE5M2{5, 2, 15, 0x7B, 0x7C, 0x7E, true};
constexpr Format kE5M2FNUZ{5, 2, 16, 0x7F, 0x80, 0x80, false};
constexpr Format kE2M1{2, 1, 1, 0x7, 0x7, 0x8, true};  // neither infinity nor NaN: both are made finite

const Format& formatOf(DataType type) {
  switch (type) {
    case DataType::kFloat8E4M3FN: return kE4M3FN;
    case DataType::kFloat8E4M3FNUZ: return kE4M3FNUZ;
    case DataType::kFloat8E5M2: return kE5M2;
    case DataType::kFloat8E5M2FNUZ: return kE5M2FNUZ;
    case DataType::kFloat4E2M1: return kE2M1;
    default: throwInternal("{} is not a narrow floating point type", toString(type));
  }
}

float decode(const Format& format, uint8_t code) {
  const auto sign_bit = static_cast<uint8_t>(1U << (format.exponent_bits + format.mantissa_bits));
  const auto magnitude = static_cast<uint8_t>(code & (sign_bit - 1U));
  const bool negative = (code & sign_bit) != 0;
  if (!format.has_minus_zero && code == format.nan) return std::numeric_limits<float>::quiet_NaN();
  if (magnitude > format.largest) {
    if (magnitude != format.infinity || format.infinity == format.nan) return std::numeric_limits<float>::quiet_NaN();
    return negative ? -HUGE_VALF : HUGE_VALF;
  }
  const int exponent = magnitude >> format.mantissa_bits;
  const int mantissa = magnitude & ((1 << format.mantissa_bits) - 1);
  const int whole = exponent == 0 ? mantissa : mantissa + (1 << format.mantissa_bits);
  const float value = std::ldexp(static_cast<float>(whole), std::max(exponent, 1) - format.bias - format.mantissa_bits);
  return negative ? -value : value;
}

/// |value| as a code without sign; past `largest` for what is too large.
int magnitudeCode(const Format& format, float value) {
  if (value == 0) return 0;
  const int exponent = std::max(std::ilogb(value), 1 - format.bias);
  const float steps = std::nearbyint(std::ldexp(std::abs(value), format.mantissa_bits - exponent));
  // Subnormal numbers and a mantissa that rounds up to the next power of two both come out right by the sum.
  return ((exponent + format.bias - 1) << format.mantissa_bits) + static_cast<int>(steps);
}

uint8_t encode(const Format& format, float value, Overflow overflow) {
  if (std::isnan(value)) return format.nan;
  int code = std::isinf(value) ? format.largest + 1 : magnitudeCode(format, value);
  if (code > format.largest) code = overflow == Overflow::kSaturate ? format.largest : format.infinity;
  if (!format.has_minus_zero && (code == 0 || code == format.nan)) return static_cast<uint8_t>(code);
  const int sign = std::signbit(value) ? 1 << (format.exponent_bits + format.mantissa_bits) : 0;
  return static_cast<uint8_t>(code | sign);
}

constexpr uint8_t kPowerNan = 0xFF;

/// 2^(code - 127).
float decodePower(uint8_t code) {
  return code == kPowerNan ? std::numeric_limits<float>::quiet_NaN() : std::ldexp(1.0F, code - 127);
}

/// The exponent of a float is the code; half and more of the way to the next power counts as nearer to it.
uint8_t encodePower(float value, Overflow overflow, PowerRounding rounding) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t exponent = bits >> 23 & 0xFFU, mantissa = bits & 0x7FFFFFU;
  if (exponent == 0xFF) return kPowerNan;
  const bool up = rounding == PowerRounding::kUp ? mantissa != 0
                                                 : rounding == PowerRounding::kNearest && (mantissa & 0x400000U) != 0;
  const bool is_last = exponent == 0xFE && overflow == Overflow::kSaturate;
  return static_cast<uint8_t>(exponent + (up && !is_last ? 1U : 0U));
}

}  // namespace

bool isNarrowFloat(DataType type) {
  return (type >= DataType::kFloat8E4M3FN && type <= DataType::kFloat8E5M2FNUZ) || type == DataType::kFloat4E2M1 ||
         type == DataType::kFloat8E8M0;
}

float decodeNarrowFloat(DataType type, uint8_t code) {
  return type == DataType::kFloat8E8M0 ? decodePower(code) : decode(formatOf(type), code);
}

uint8_t encodeNarrowFloat(DataType type, float value, Overflow overflow, PowerRounding rounding) {
  if (type == DataType::kFloat8E8M0) return encodePower(value, overflow, rounding);
  return encode(formatOf(type), value, overflow);
}

Tensor decodeNarrowFloats(const Tensor& narrow) {
  std::array<float, 256> values{};
  const int codes = 1 << elementBits(narrow.type());
  for (int code = 0; code < codes; ++code) {
    values[static_cast<size_t>(code)] = decodeNarrowFloat(narrow.type(), static_cast<uint8_t>(code));
  }
  const Tensor unpacked = isPacked(narrow.type()) ? unpack(narrow) : narrow.alias();
  const auto* const bytes = static_cast<const uint8_t*>(unpacked.bytes());
  Tensor floats(DataType::kFloat32, narrow.shape(), narrow.layout());
  const auto dst = floats.data<float>();
  for (size_t i = 0; i < dst.size(); ++i) dst[i] = values[bytes[i]];
  return floats;
}

Tensor encodeNarrowFloats(const Tensor& floats, DataType type, Overflow overflow, PowerRounding rounding) {
  const bool packed = isPacked(type);
  Tensor codes(packed ? unpackedType(type) : type, floats.shape(), floats.layout());
  const auto src = floats.data<float>();
  auto* const dst = static_cast<uint8_t*>(codes.bytes());
  for (size_t i = 0; i < src.size(); ++i) dst[i] = encodeNarrowFloat(type, src[i], overflow, rounding);
  return packed ? pack(codes, type) : std::move(codes);
}

}  // namespace quant
