#include "dataset/input_spec.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace quant {

std::string shapeToString(const InputSpec& input) {
  if (!input.rank_known) return "of any shape";
  std::vector<std::string> sizes;
  std::ranges::transform(input.shape, std::back_inserter(sizes),
                         [](int64_t size) { return size == kOpenSize ? "?" : std::to_string(size); });
  return fmt::format("[{}]", fmt::join(sizes, ","));
}

std::string toString(const InputSpec& input) {
  return fmt::format("'{}' ({} {})", input.name, toString(input.type), shapeToString(input));
}

bool fits(const Shape& shape, const InputSpec& input) {
  if (!input.rank_known) return true;
  return std::ranges::equal(shape, input.shape,
                            [](int64_t size, int64_t wanted) { return wanted == kOpenSize || size == wanted; });
}

}  // namespace quant
