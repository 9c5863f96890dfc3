#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "core/data_type.h"
#include "core/error.h"

namespace quant {

/// A list of C++ element types, to say which ones an operator takes.
template <class... Types>
struct TypeList {};

template <class... A, class... B>
constexpr TypeList<A..., B...> operator+(TypeList<A...>, TypeList<B...>) {
  return {};
}

inline constexpr TypeList<float, double, Float16, BFloat16> kFloatTypes;
inline constexpr TypeList<int8_t, int16_t, int32_t, int64_t> kSignedTypes;
inline constexpr TypeList<uint8_t, uint16_t, uint32_t, uint64_t> kUnsignedTypes;
inline constexpr TypeList<bool> kBoolTypes;
inline constexpr auto kIntegerTypes = kSignedTypes + kUnsignedTypes;
inline constexpr auto kNumericTypes = kFloatTypes + kIntegerTypes;
inline constexpr auto kAllTypes = kNumericTypes + kBoolTypes;

/// Calls `visit(T{})` with the C++ type T of `type`. Throws (unsupported) when it is not in the list, naming
/// `op_type`:
///
///   withElementType(x.type(), kFloatTypes, "Relu", [&](auto example) { relu<decltype(example)>(x, y); });
template <class... Types, class Visit>
void withElementType(DataType type, TypeList<Types...>, std::string_view op_type, Visit&& visit) {
  const bool found = ((type == kDataTypeOf<Types> && (visit(Types{}), true)) || ...);
  if (!found) throwUnsupported("operator {} does not run on element type {}", op_type, toString(type));
}

/// Calls `visit(Word{})` with an unsigned integer as wide as an element, for operators that only move elements.
template <class Visit>
void withElementWord(DataType type, std::string_view op_type, Visit&& visit) {
  switch (elementSize(type)) {
    case 1: visit(uint8_t{}); break;
    case 2: visit(uint16_t{}); break;
    case 4: visit(uint32_t{}); break;
    case 8: visit(uint64_t{}); break;
    default: throwUnsupported("operator {} does not run on element type {}", op_type, toString(type));
  }
}

template <class T>
inline constexpr bool kIsHalf = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;

template <class T>
inline constexpr bool kIsFloat = std::is_floating_point_v<T> || kIsHalf<T>;

/// The type that arithmetic on T is done in: float for the 16-bit floating point types, else T itself.
template <class T>
using ComputeType = std::conditional_t<kIsHalf<T>, float, T>;

/// The type that sums of T are kept in: double for floating point, 64 bits for the integers.
template <class T>
using SumType = std::conditional_t<kIsFloat<T>, double, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

/// An element as a number of another arithmetic type, rounded or wrapped as a C++ cast does it.
template <class To, class From>
To elementCast(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (kIsHalf<From>) {
    return elementCast<To>(static_cast<float>(value));
  } else if constexpr (kIsHalf<To>) {
    return To(static_cast<float>(value));
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace quant
