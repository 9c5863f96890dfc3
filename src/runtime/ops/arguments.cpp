#include "runtime/ops/arguments.h"

#include <algorithm>
#include <numeric>

#include "runtime/element_type.h"

namespace quant {

std::vector<int64_t> toInts(const Tensor& tensor) {
  std::vector<int64_t> values(static_cast<size_t>(tensor.elementCount()));
  withElementType(tensor.type(), kIntegerTypes, "with an index or size", [&](auto example) {
    std::ranges::transform(tensor.data<decltype(example)>(), values.begin(),
                           [](auto value) { return static_cast<int64_t>(value); });
  });
  return values;
}

std::optional<std::vector<int64_t>> optionalInts(KernelContext& context, size_t index) {
  if (!context.has(index)) return std::nullopt;
  return toInts(context.input(index));
}

std::optional<std::vector<int64_t>> attributeOrInput(const Node& node, std::string_view name, KernelContext& context,
                                                     size_t index) {
  if (node.hasAttr(name)) return node.attr(name, std::vector<int64_t>{});
  return optionalInts(context, index);
}

std::vector<int64_t> normalizeAxes(const std::vector<int64_t>& axes, int64_t rank) {
  std::vector<bool> seen(static_cast<size_t>(rank));
  std::vector<int64_t> normalized;
  for (const int64_t axis : axes) {
    normalized.push_back(normalizeAxis(axis, rank));
    const auto place = static_cast<size_t>(normalized.back());
    if (seen[place]) throwBadInput("axis {} is given twice", normalized.back());
    seen[place] = true;
  }
  return normalized;
}

std::vector<int64_t> allAxes(int64_t rank) {
  std::vector<int64_t> axes(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), int64_t{0});
  return axes;
}

int64_t normalizeIndex(int64_t index, int64_t size) {
  if (index < -size || index >= size) throwBadInput("index {} is outside an axis of size {}", index, size);
  return index < 0 ? index + size : index;
}

void requireCount(std::string_view what, size_t count, size_t expected) {
  if (count != expected) throwBadInput("{} has {} elements, expected {}", what, count, expected);
}

AxisSplit splitAt(const Shape& shape, int64_t axis) {
  AxisSplit split;
  for (size_t i = 0; i < shape.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    (at < axis ? split.outer : at == axis ? split.size : split.inner) *= shape[i];
  }
  return split;
}

}  // namespace quant
