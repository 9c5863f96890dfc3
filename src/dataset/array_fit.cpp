#include "dataset/array_fit.h"

#include <algorithm>
#include <span>

namespace quant {

namespace {

using Sizes = std::span<const int64_t>;

bool matches(Sizes sizes, Sizes wanted) {
  return std::ranges::equal(sizes, wanted, [](int64_t a, int64_t b) { return b == kOpenSize || a == b; });
}

Shape withLeading(int64_t size, Sizes rest) {
  Shape shape = {size};
  shape.insert(shape.end(), rest.begin(), rest.end());
  return shape;
}

/// [k,rest] for an input [N,rest].
std::optional<ArrayFit> fitRows(int64_t rows, Sizes rest, int64_t batch) {
  if (batch == kOpenSize || batch == 1) return ArrayFit{rows, withLeading(1, rest)};
  if (batch > 0 && rows > 0 && rows % batch == 0) return ArrayFit{rows / batch, withLeading(batch, rest)};
  if (rows == 1) return ArrayFit{1, withLeading(1, rest)};
  return std::nullopt;
}

}  // namespace

std::optional<ArrayFit> fitArray(const Shape& array, const InputSpec& input) {
  const Sizes sizes(array);
  if (!input.rank_known) {
    return array.empty() ? ArrayFit{1, array} : ArrayFit{array[0], withLeading(1, sizes.subspan(1))};
  }
  const Sizes wanted(input.shape);
  if (wanted.empty()) {
    if (sizes.size() > 1) return std::nullopt;
    return ArrayFit{sizes.empty() ? 1 : sizes[0], {}};
  }
  if (sizes.size() == wanted.size() && matches(sizes.subspan(1), wanted.subspan(1))) {
    return fitRows(sizes[0], sizes.subspan(1), wanted[0]);
  }
  const bool batch_is_one = wanted[0] == kOpenSize || wanted[0] == 1;
  if (batch_is_one && matches(sizes, wanted.subspan(1))) return ArrayFit{1, withLeading(1, sizes)};
  if (sizes.size() == wanted.size() + 1 && matches(sizes.subspan(1), wanted)) {
    return ArrayFit{sizes[0], {array.begin() + 1, array.end()}};
  }
  return std::nullopt;
}

std::optional<ArrayFit> fitWhole(const Shape& array, const InputSpec& input) {
  return fits(array, input) ? std::optional(ArrayFit{1, array}) : std::nullopt;
}

}  // namespace quant
