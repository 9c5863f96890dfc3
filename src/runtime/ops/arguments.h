#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/kernel.h"

namespace quant {

/// The elements of an integer tensor (axes, sizes, indices).
std::vector<int64_t> toInts(const Tensor& tensor);

/// The elements of input `index`, or nothing when the node leaves it out.
std::optional<std::vector<int64_t>> optionalInts(KernelContext& context, size_t index);

/// A list that older versions of an operator take from attribute `name` and newer ones from input `index`.
std::optional<std::vector<int64_t>> attributeOrInput(const Node& node, std::string_view name, KernelContext& context,
                                                     size_t index);

/// Axes counted from the front. Throws (bad input) when one is outside the tensor or comes twice.
std::vector<int64_t> normalizeAxes(const std::vector<int64_t>& axes, int64_t rank);
/// 0, 1, ..., rank - 1.
std::vector<int64_t> allAxes(int64_t rank);

/// A position counted from the front; throws (bad input) when it is outside [-size, size).
int64_t normalizeIndex(int64_t index, int64_t size);

/// Throws (bad input) when `count` is not what is expected of `what`.
void requireCount(std::string_view what, size_t count, size_t expected);

/// The sizes before, at and after an axis.
struct AxisSplit {
  int64_t outer = 1, size = 1, inner = 1;
};
AxisSplit splitAt(const Shape& shape, int64_t axis);

}  // namespace quant
