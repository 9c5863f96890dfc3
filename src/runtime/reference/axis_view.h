#pragma once

#include <cstdint>
#include <vector>

#include "core/shape.h"
#include "core/tensor.h"
#include "runtime/element_type.h"

namespace quant::reference {

/// A tensor seen around one axis (or several neighbouring ones): [outer, size, inner].
struct AxisView {
  int64_t outer = 1, size = 1, inner = 1;

  /// Where the line number `line` (of outer * inner) along the axis starts; its elements are `inner` apart.
  [[nodiscard]] int64_t lineStart(int64_t line) const { return line / inner * size * inner + line % inner; }
  [[nodiscard]] int64_t lineCount() const { return outer * inner; }
};

/// Around the axes [begin, end).
inline AxisView viewAlong(const Shape& shape, int64_t begin, int64_t end) {
  AxisView view;
  for (int64_t i = 0; i < static_cast<int64_t>(shape.size()); ++i) {
    (i < begin ? view.outer : i < end ? view.size : view.inner) *= shape[static_cast<size_t>(i)];
  }
  return view;
}

inline AxisView viewAlong(const Shape& shape, int64_t axis) { return viewAlong(shape, axis, axis + 1); }

/// The elements of a number tensor (row-major) as another type, e.g. parameters of a normalization as double.
template <class To>
std::vector<To> elementsAs(const Tensor& tensor) {
  std::vector<To> values(static_cast<size_t>(tensor.elementCount()));
  withElementType(tensor.type(), kNumericTypes, "(parameter)", [&](auto example) {
    const auto data = tensor.data<decltype(example)>();
    for (size_t i = 0; i < values.size(); ++i) values[i] = elementCast<To>(data[i]);
  });
  return values;
}

}  // namespace quant::reference
