#include "dataset/convert.h"

#include <cmath>
#include <optional>
#include <type_traits>
#include <utility>

#include "dataset/element_types.h"

namespace quant {

namespace {

template <class T>
constexpr bool kIsSmallFloat = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;

template <class T>
constexpr bool kIsFloat = std::is_floating_point_v<T> || kIsSmallFloat<T>;

template <class T>
double toDouble(T value) {
  return static_cast<double>(static_cast<float>(value));
}
template <>
double toDouble(double value) {
  return value;
}

template <class T>
T toFloating(double value) {
  if constexpr (kIsSmallFloat<T>)
    return T(static_cast<float>(value));
  else
    return static_cast<T>(value);
}

/// Only infinity may become infinity.
template <class To>
std::optional<To> fromFloating(double value) {
  const To result = toFloating<To>(value);
  return std::isfinite(value) && !std::isfinite(toDouble(result)) ? std::nullopt : std::optional(result);
}

template <class To, class From>
std::optional<To> fromInteger(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value == 0 || value == 1 ? std::optional(value == 1) : std::nullopt;
  } else if constexpr (kIsFloat<To>) {
    // long double holds every 64-bit integer.
    const To result = toFloating<To>(static_cast<double>(value));
    const bool exact = static_cast<long double>(toDouble(result)) == static_cast<long double>(value);
    return exact ? std::optional(result) : std::nullopt;
  } else {
    return std::in_range<To>(value) ? std::optional(static_cast<To>(value)) : std::nullopt;
  }
}

template <class To, class From>
std::optional<To> convertOne(From value) {
  if constexpr (kIsFloat<From> && kIsFloat<To>)
    return fromFloating<To>(toDouble(value));
  else if constexpr (std::is_same_v<From, bool>)
    return fromInteger<To>(static_cast<uint8_t>(value));
  else if constexpr (!kIsFloat<From>)
    return fromInteger<To>(value);
  else
    return std::nullopt;
}

template <class From>
std::string shown(From value) {
  if constexpr (kIsFloat<From>)
    return fmt::format("{}", toDouble(value));
  else
    return fmt::format("{}", value);
}

template <class To, class From>
Tensor convertAll(const Tensor& source, const std::string& what) {
  Tensor result(kDataTypeOf<To>, source.shape());
  auto dst = result.data<To>();
  const auto src = source.data<From>();
  for (size_t i = 0; i < src.size(); ++i) {
    const auto value = convertOne<To, From>(src[i]);
    if (!value) {
      throwBadInput("{} is {} and holds {}, which the model's {} cannot represent", what, toString(source.type()),
                    shown(src[i]), toString(result.type()));
    }
    dst[i] = *value;
  }
  return result;
}

}  // namespace

Tensor convertElements(Tensor source, DataType type, const std::string& what) {
  if (source.type() == type) return source;
  if (isFloatingPoint(source.type()) && !isFloatingPoint(type)) {
    throwBadInput("{} is {}, but the model wants {}: save it as whole numbers", what, toString(source.type()),
                  toString(type));
  }
  return withElementType(type, [&]<class To>(std::type_identity<To>) {
    return withElementType(source.type(),
                           [&]<class From>(std::type_identity<From>) { return convertAll<To, From>(source, what); });
  });
}

}  // namespace quant
