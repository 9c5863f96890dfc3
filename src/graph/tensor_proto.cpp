#include "graph/tensor_proto.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "core/error.h"

namespace quant {

namespace {

// ONNX stores raw data little-endian, and raw data is viewed in place.
static_assert(std::endian::native == std::endian::little);

template <class T, class Field>
Tensor fromField(const Shape& shape, const Field& field) {
  Tensor tensor(kDataTypeOf<T>, shape);
  std::ranges::transform(field, tensor.data<T>().begin(), [](auto value) { return static_cast<T>(value); });
  return tensor;
}

/// float16 and bfloat16 are stored as their bits in int32_data.
template <class T>
Tensor fromBits(const Shape& shape, const onnx::TensorProto& proto) {
  Tensor tensor(kDataTypeOf<T>, shape);
  std::ranges::transform(proto.int32_data(), tensor.data<T>().begin(), [](int32_t bits) {
    T value;
    value.bits = static_cast<uint16_t>(bits);
    return value;
  });
  return tensor;
}

/// float8 and types of less than a byte: each entry of int32_data holds one byte of the raw data.
Tensor fromBytes(const Shape& shape, const onnx::TensorProto& proto) {
  Tensor tensor(static_cast<DataType>(proto.data_type()), shape);
  std::ranges::transform(proto.int32_data(), static_cast<uint8_t*>(tensor.bytes()),
                         [](int32_t byte) { return static_cast<uint8_t>(byte); });
  return tensor;
}

[[noreturn]] void throwWrongSize(const onnx::TensorProto& proto, const Shape& shape, size_t found, size_t expected) {
  throwBadInput("tensor '{}' of shape {} ({}) holds {} bytes or elements of data, expected {}", proto.name(),
                toString(shape), toString(static_cast<DataType>(proto.data_type())), found, expected);
}

template <class Field>
void requireCount(const onnx::TensorProto& proto, const Shape& shape, const Field& field) {
  const auto type = static_cast<DataType>(proto.data_type());
  const int64_t count = elementCount(shape);
  const size_t expected = elementBits(type) < 8 ? storageBytes(type, count) : static_cast<size_t>(count);
  if (static_cast<size_t>(field.size()) != expected) {
    throwWrongSize(proto, shape, static_cast<size_t>(field.size()), expected);
  }
}

Tensor fromTypedFields(const onnx::TensorProto& proto, const Shape& shape) {
  const auto type = static_cast<DataType>(proto.data_type());
  switch (type) {
    case DataType::kFloat32:
      requireCount(proto, shape, proto.float_data());
      return fromField<float>(shape, proto.float_data());
    case DataType::kFloat64:
      requireCount(proto, shape, proto.double_data());
      return fromField<double>(shape, proto.double_data());
    case DataType::kInt64:
      requireCount(proto, shape, proto.int64_data());
      return fromField<int64_t>(shape, proto.int64_data());
    case DataType::kUInt64:
      requireCount(proto, shape, proto.uint64_data());
      return fromField<uint64_t>(shape, proto.uint64_data());
    case DataType::kUInt32:
      requireCount(proto, shape, proto.uint64_data());
      return fromField<uint32_t>(shape, proto.uint64_data());
    default: break;
  }
  if (elementBits(type) == 0 || type == DataType::kComplex64 || type == DataType::kComplex128) {
    throwUnsupported("tensor '{}' has element type {}, which this program cannot compute with", proto.name(),
                     proto.data_type());
  }
  requireCount(proto, shape, proto.int32_data());
  switch (type) {
    case DataType::kInt32: return fromField<int32_t>(shape, proto.int32_data());
    case DataType::kInt16: return fromField<int16_t>(shape, proto.int32_data());
    case DataType::kInt8: return fromField<int8_t>(shape, proto.int32_data());
    case DataType::kUInt16: return fromField<uint16_t>(shape, proto.int32_data());
    case DataType::kUInt8: return fromField<uint8_t>(shape, proto.int32_data());
    case DataType::kBool: return fromField<bool>(shape, proto.int32_data());
    case DataType::kFloat16: return fromBits<Float16>(shape, proto);
    case DataType::kBFloat16: return fromBits<BFloat16>(shape, proto);
    default: return fromBytes(shape, proto);
  }
}

/// A file may claim any size: the product must not overflow before it is compared with the data.
void requireSaneDims(const onnx::TensorProto& proto, const Shape& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) {
    if (size < 0) throwBadInput("tensor '{}' has a negative size in its shape {}", proto.name(), toString(shape));
    if (size > 0 && count > std::numeric_limits<int64_t>::max() / 16 / size) {
      throwBadInput("tensor '{}' has an impossible shape {}", proto.name(), toString(shape));
    }
    count *= size;
  }
}

bool isAligned(const void* address, int size) {
  return reinterpret_cast<uintptr_t>(address) % static_cast<size_t>(size) == 0;
}

}  // namespace

Shape shapeOf(const onnx::TensorProto& proto) { return {proto.dims().begin(), proto.dims().end()}; }

Tensor tensorFromProto(const std::shared_ptr<const onnx::TensorProto>& proto) {
  const Shape shape = shapeOf(*proto);
  requireSaneDims(*proto, shape);
  if (proto->raw_data().empty()) return fromTypedFields(*proto, shape);
  const auto type = static_cast<DataType>(proto->data_type());
  if (elementBits(type) == 0) {
    throwUnsupported("tensor '{}' has element type {}, which this program cannot compute with", proto->name(),
                     proto->data_type());
  }
  const std::string& raw = proto->raw_data();
  const size_t expected = storageBytes(type, elementCount(shape));
  if (raw.size() != expected) throwWrongSize(*proto, shape, raw.size(), expected);
  const bool is_valid = type != DataType::kBool || std::ranges::all_of(raw, [](char c) { return c == 0 || c == 1; });
  if (is_valid && isAligned(raw.data(), std::max(1, elementSize(type))))
    return Tensor::view(type, shape, raw.data(), proto);
  Tensor copy(type, shape);
  std::memcpy(copy.bytes(), raw.data(), raw.size());
  if (!is_valid) {  // a bool that is neither 0 nor 1 must not be read as one
    const std::span bytes(static_cast<uint8_t*>(copy.bytes()), raw.size());
    std::ranges::transform(bytes, bytes.begin(), [](uint8_t byte) { return byte == 0 ? uint8_t{0} : uint8_t{1}; });
  }
  return copy;
}

Tensor tensorFromProto(const onnx::TensorProto& proto) {
  return tensorFromProto(std::make_shared<const onnx::TensorProto>(proto));
}

onnx::TensorProto protoFromTensor(const Tensor& tensor, const std::string& name) {
  onnx::TensorProto proto;
  proto.set_name(name);
  proto.set_data_type(static_cast<int32_t>(tensor.type()));
  for (const int64_t size : tensor.shape()) proto.add_dims(size);
  proto.set_raw_data(tensor.bytes(), tensor.byteSize());
  return proto;
}

}  // namespace quant
