#include "graph/constant_numbers.h"

#include <algorithm>
#include <cmath>

namespace quant {

namespace {

DataType typeOf(const Graph& graph, const std::string& value) {
  const auto* proto = graph.constantProto(value);
  return proto == nullptr ? DataType::kUndefined : static_cast<DataType>(proto->data_type());
}

/// Calls `use` with the elements, whatever their type; false for types that are not numbers.
template <class Use>
bool visitElements(const Tensor& tensor, const Use& use) {
  switch (tensor.type()) {
    case DataType::kFloat32: use(tensor.data<float>()); return true;
    case DataType::kFloat64: use(tensor.data<double>()); return true;
    case DataType::kFloat16: use(tensor.data<Float16>()); return true;
    case DataType::kBFloat16: use(tensor.data<BFloat16>()); return true;
    case DataType::kInt64: use(tensor.data<int64_t>()); return true;
    case DataType::kInt32: use(tensor.data<int32_t>()); return true;
    case DataType::kInt16: use(tensor.data<int16_t>()); return true;
    case DataType::kInt8: use(tensor.data<int8_t>()); return true;
    case DataType::kUInt64: use(tensor.data<uint64_t>()); return true;
    case DataType::kUInt32: use(tensor.data<uint32_t>()); return true;
    case DataType::kUInt16: use(tensor.data<uint16_t>()); return true;
    case DataType::kUInt8: use(tensor.data<uint8_t>()); return true;
    default: return false;
  }
}

template <class T>
double toDouble(T element) {
  if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
    return static_cast<float>(element);
  } else {
    return static_cast<double>(element);
  }
}

template <class T>
T fromDouble(double value) {
  return T(static_cast<float>(value));
}

template <>
double fromDouble<double>(double value) {
  return value;
}

template <class T>
std::optional<Tensor> rounded(const Shape& shape, std::span<const double> values) {
  Tensor tensor(kDataTypeOf<T>, shape);
  auto data = tensor.data<T>();
  for (size_t i = 0; i < values.size(); ++i) {
    data[i] = fromDouble<T>(values[i]);
    if (!std::isfinite(toDouble(data[i]))) return {};
  }
  return tensor;
}

}  // namespace

std::optional<std::vector<double>> realConstant(const Graph& graph, const std::string& value) {
  if (!isFloatingPoint(typeOf(graph, value))) return {};
  std::vector<double> result;
  visitElements(*graph.constant(value), [&](auto elements) {
    result.reserve(elements.size());
    for (const auto element : elements) result.push_back(toDouble(element));
  });
  return result;
}

std::optional<double> realScalar(const Graph& graph, const std::string& value) {
  const auto type = graph.isConstant(value) ? graph.valueType(value) : std::nullopt;
  if (!type || elementCount(*type->shape) != 1) return {};
  const auto elements = realConstant(graph, value);
  return elements ? std::optional(elements->front()) : std::nullopt;
}

std::optional<std::vector<int64_t>> intConstant(const Graph& graph, const std::string& value) {
  const DataType type = typeOf(graph, value);
  const auto all = [](auto elements) { return std::vector<int64_t>(elements.begin(), elements.end()); };
  if (type == DataType::kInt64) return all(graph.constant(value)->data<int64_t>());
  if (type == DataType::kInt32) return all(graph.constant(value)->data<int32_t>());
  return {};
}

std::optional<std::vector<int64_t>> intParameter(const Graph& graph, const Node& node, std::string_view attr,
                                                 int input) {
  if (node.hasAttr(attr)) return node.attr(attr, std::vector<int64_t>());
  return node.hasInput(input) ? intConstant(graph, node.input(input)) : std::nullopt;
}

bool isFilledWith(const Graph& graph, const std::string& value, double number) {
  if (elementBits(typeOf(graph, value)) == 0) return false;
  bool equal = true;
  const bool is_number = visitElements(*graph.constant(value), [&](auto elements) {
    equal = std::ranges::all_of(elements, [&](auto element) { return toDouble(element) == number; });
  });
  return is_number && equal;
}

std::optional<Tensor> realTensor(DataType type, const Shape& shape, std::span<const double> values) {
  switch (type) {
    case DataType::kFloat32: return rounded<float>(shape, values);
    case DataType::kFloat64: return rounded<double>(shape, values);
    case DataType::kFloat16: return rounded<Float16>(shape, values);
    case DataType::kBFloat16: return rounded<BFloat16>(shape, values);
    default: return {};
  }
}

std::optional<std::vector<double>> perChannelConstant(const Graph& graph, const std::string& value,
                                                      const ChannelAxis& axis) {
  auto elements = realConstant(graph, value);
  if (!elements) return {};
  const Shape shape = *graph.valueType(value)->shape;
  const int64_t rank = std::ssize(shape);
  // Of a value whose rank is unknown only the channel axis is sure to be there.
  if (rank > (axis.rank >= 0 ? axis.rank : axis.from_last + 1)) return {};
  for (int64_t i = 0; i < rank; ++i) {
    const int64_t size = shape[static_cast<size_t>(i)];
    const bool is_channel_axis = rank - 1 - i == axis.from_last;
    if (size != 1 && !(is_channel_axis && size == axis.size)) return {};
  }
  if (elements->size() == 1) return std::vector<double>(static_cast<size_t>(axis.size), elements->front());
  return elements;
}

bool keepsShape(const Graph& graph, const std::string& value, const std::string& constant) {
  const Shape small = *graph.valueType(constant)->shape;
  if (small.empty()) return true;
  const auto type = graph.valueType(value);
  if (!type || !type->shape || small.size() > type->shape->size()) return false;
  const size_t offset = type->shape->size() - small.size();
  for (size_t i = 0; i < small.size(); ++i) {
    if (small[i] != 1 && small[i] != (*type->shape)[offset + i]) return false;
  }
  return true;
}

}  // namespace quant
