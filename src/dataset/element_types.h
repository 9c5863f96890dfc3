#pragma once

#include <type_traits>
#include <utility>

#include "core/data_type.h"
#include "core/error.h"

namespace quant {

/// Calls `f(std::type_identity<T>{})` with the C++ type of the elements. Throws (unsupported) for types without one.
template <class F>
decltype(auto) withElementType(DataType type, F&& f) {
  switch (type) {
    case DataType::kFloat32: return f(std::type_identity<float>{});
    case DataType::kFloat64: return f(std::type_identity<double>{});
    case DataType::kFloat16: return f(std::type_identity<Float16>{});
    case DataType::kBFloat16: return f(std::type_identity<BFloat16>{});
    case DataType::kUInt8: return f(std::type_identity<uint8_t>{});
    case DataType::kInt8: return f(std::type_identity<int8_t>{});
    case DataType::kUInt16: return f(std::type_identity<uint16_t>{});
    case DataType::kInt16: return f(std::type_identity<int16_t>{});
    case DataType::kUInt32: return f(std::type_identity<uint32_t>{});
    case DataType::kInt32: return f(std::type_identity<int32_t>{});
    case DataType::kUInt64: return f(std::type_identity<uint64_t>{});
    case DataType::kInt64: return f(std::type_identity<int64_t>{});
    case DataType::kBool: return f(std::type_identity<bool>{});
    default: break;  // strings, complex numbers, and what is stored in 8 bits or less only
  }
  throwUnsupported("model inputs of type {} cannot be filled from files", toString(type));
}

}  // namespace quant
