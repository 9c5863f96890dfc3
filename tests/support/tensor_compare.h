#pragma once

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>

#include "core/narrow_float.h"
#include "core/packed.h"
#include "core/tensor.h"

namespace quant::test {

/// How far floating point results may lie from expected ones: |actual - expected| <= absolute + relative * |expected|.
struct Tolerance {
  double relative = 1e-3, absolute = 1e-7;
};

inline bool isNear(double actual, double expected, Tolerance tolerance) {
  if (std::isnan(expected)) return std::isnan(actual);
  if (std::isinf(expected)) return actual == expected;
  return std::abs(actual - expected) <= tolerance.absolute + tolerance.relative * std::abs(expected);
}

/// The first element that is wrong and how many are. Integers and bools must be equal.
template <class T, class Number>
std::optional<std::string> elementsDifference(const Tensor& actual, const Tensor& expected, Tolerance tolerance) {
  const auto a = actual.data<T>(), b = expected.data<T>();
  size_t wrong = 0, first = 0;
  for (size_t i = a.size(); i-- > 0;) {
    bool equal;
    if constexpr (std::is_floating_point_v<Number>) {
      equal = isNear(static_cast<double>(static_cast<Number>(a[i])), static_cast<double>(static_cast<Number>(b[i])),
                     tolerance);
    } else {
      equal = a[i] == b[i];
    }
    if (!equal) first = i, ++wrong;
  }
  if (wrong == 0) return std::nullopt;
  return fmt::format("{} of {} elements of {} differ, first at {}: {} instead of {}", wrong, a.size(),
                     toString(actual.shape()), first, static_cast<Number>(a[first]), static_cast<Number>(b[first]));
}

/// What differs between two row-major tensors (type, shape or elements), or nothing.
inline std::optional<std::string> differenceOf(const Tensor& actual, const Tensor& expected, Tolerance tolerance = {}) {
  if (actual.type() != expected.type()) {
    return fmt::format("type {} instead of {}", toString(actual.type()), toString(expected.type()));
  }
  if (actual.shape() != expected.shape()) {
    return fmt::format("shape {} instead of {}", toString(actual.shape()), toString(expected.shape()));
  }
  if (isNarrowFloat(expected.type())) return differenceOf(decodeNarrowFloats(actual), decodeNarrowFloats(expected));
  if (isPacked(expected.type())) return differenceOf(unpack(actual), unpack(expected));
  switch (expected.type()) {
    case DataType::kFloat32: return elementsDifference<float, float>(actual, expected, tolerance);
    case DataType::kFloat64: return elementsDifference<double, double>(actual, expected, tolerance);
    case DataType::kFloat16: return elementsDifference<Float16, float>(actual, expected, tolerance);
    case DataType::kBFloat16: return elementsDifference<BFloat16, float>(actual, expected, tolerance);
    case DataType::kUInt8: return elementsDifference<uint8_t, int>(actual, expected, tolerance);
    case DataType::kInt8: return elementsDifference<int8_t, int>(actual, expected, tolerance);
    case DataType::kUInt16: return elementsDifference<uint16_t, int>(actual, expected, tolerance);
    case DataType::kInt16: return elementsDifference<int16_t, int>(actual, expected, tolerance);
    case DataType::kUInt32: return elementsDifference<uint32_t, uint32_t>(actual, expected, tolerance);
    case DataType::kInt32: return elementsDifference<int32_t, int32_t>(actual, expected, tolerance);
    case DataType::kUInt64: return elementsDifference<uint64_t, uint64_t>(actual, expected, tolerance);
    case DataType::kInt64: return elementsDifference<int64_t, int64_t>(actual, expected, tolerance);
    case DataType::kBool: return elementsDifference<bool, bool>(actual, expected, tolerance);
    default: return fmt::format("elements of type {} cannot be compared", toString(expected.type()));
  }
}

}  // namespace quant::test
