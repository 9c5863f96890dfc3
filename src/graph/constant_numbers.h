#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace quant {

/// The elements of a floating point constant of any width; nothing when `value` is no constant or of another type.
std::optional<std::vector<double>> realConstant(const Graph& graph, const std::string& value);

/// The element of a floating point constant that has just one; nothing otherwise.
std::optional<double> realScalar(const Graph& graph, const std::string& value);

/// The elements of an int64 or int32 constant; nothing when `value` is no constant or of another type.
std::optional<std::vector<int64_t>> intConstant(const Graph& graph, const std::string& value);

/// Integers that a node has as an attribute or, in newer opsets, as a constant input; nothing when it has neither or
/// the input is no constant.
std::optional<std::vector<int64_t>> intParameter(const Graph& graph, const Node& node, std::string_view attr,
                                                 int input);

/// True for a numeric constant whose elements all equal `number`.
bool isFilledWith(const Graph& graph, const std::string& value, double number);

/// `values` as a tensor of the floating point type `type`; nothing when a value is not finite in it.
std::optional<Tensor> realTensor(DataType type, const Shape& shape, std::span<const double> values);

/// The axis of an elementwise result along which a constant may vary.
struct ChannelAxis {
  int64_t rank = -1;      ///< of the result; -1 when unknown
  int64_t from_last = 0;  ///< 0 for the last axis, 1 for the one before, ...
  int64_t size = 0;       ///< how many channels
};

/// One number for each channel from a floating point constant that is combined elementwise with a value: nothing when
/// it varies along another axis or makes the value larger.
std::optional<std::vector<double>> perChannelConstant(const Graph& graph, const std::string& value,
                                                      const ChannelAxis& axis);

/// True when an elementwise operation of `value` with `constant` has the shape of `value`.
bool keepsShape(const Graph& graph, const std::string& value, const std::string& constant);

}  // namespace quant
