// Operators that choose between elements by a condition, an index or a position.

#include <algorithm>
#include <cstring>

#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/convert_element.h"
#include "runtime/ops/register.h"
#include "runtime/ops/strided_copy.h"

namespace quant {

namespace {

void where(const Node&, KernelContext& context) {
  const Tensor &condition = context.input(0), &x = context.input(1), &y = context.input(2);
  if (x.type() != y.type()) throwBadInput("Where between {} and {}", toString(x.type()), toString(y.type()));
  Tensor& dst = context.output(0, x.type(), broadcastShapes(condition.shape(), broadcastShapes(x.shape(), y.shape())));
  const BroadcastWalk<3> walk(dst.shape(), {condition.shape(), x.shape(), y.shape()});
  const bool* const choose = condition.data<bool>().data();
  withElementWord(x.type(), "Where", [&](auto word) {
    using Word = decltype(word);
    const auto *x_data = static_cast<const Word*>(x.bytes()), *y_data = static_cast<const Word*>(y.bytes());
    auto* to = static_cast<Word*>(dst.bytes());
    parallelRange(walk.elementCount(), [&](int64_t begin, int64_t end) {
      walk.forEachRun(begin, end, [&](int64_t at, const std::array<int64_t, 3>& from, int64_t length) {
        for (int64_t i = 0; i < length; ++i) {
          to[at + i] = choose[from[0] + i * walk.innerStep(0)] ? x_data[from[1] + i * walk.innerStep(1)]
                                                               : y_data[from[2] + i * walk.innerStep(2)];
        }
      });
    });
  });
}

// --- OneHot
// ------------------------------------------------------------------------------------------------------------

/// Indices of any numeric type.
std::vector<int64_t> numbersToInts(const Tensor& tensor) {
  std::vector<int64_t> values(static_cast<size_t>(tensor.elementCount()));
  withElementType(tensor.type(), kNumericTypes, "OneHot", [&](auto example) {
    std::ranges::transform(tensor.data<decltype(example)>(), values.begin(),
                           [](auto value) { return convertElement<int64_t>(value); });
  });
  return values;
}

/// `wraps`: a negative index counts from the end (since version 11). Indices outside the depth set nothing.
void oneHot(const Node& node, KernelContext& context, bool wraps) {
  const Tensor &indices = context.input(0), &values = context.input(2);
  const auto depths = numbersToInts(context.input(1));
  requireCount("OneHot's depth", depths.size(), 1);
  requireCount("OneHot's values", static_cast<size_t>(values.elementCount()), 2);
  const int64_t depth = depths[0];
  if (depth < 0) throwBadInput("OneHot with depth {}", depth);
  Shape shape = indices.shape();
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{-1}), indices.rank() + 1);
  shape.insert(shape.begin() + axis, depth);
  const int64_t inner = splitAt(shape, axis).inner;
  const auto hot = numbersToInts(indices);
  Tensor& dst = context.output(0, values.type(), std::move(shape));
  fill(dst, values.bytes());
  withElementWord(values.type(), "OneHot", [&](auto word) {
    auto* to = static_cast<decltype(word)*>(dst.bytes());
    const auto on = static_cast<const decltype(word)*>(values.bytes())[1];
    for (size_t i = 0; i < hot.size(); ++i) {
      const int64_t index = wraps && hot[i] < 0 ? hot[i] + depth : hot[i];
      if (index < 0 || index >= depth) continue;
      const auto place = static_cast<int64_t>(i);
      to[(place / inner * depth + index) * inner + place % inner] = on;
    }
  });
}

void oneHotFromZero(const Node& node, KernelContext& context) { oneHot(node, context, false); }
void oneHotFromEitherEnd(const Node& node, KernelContext& context) { oneHot(node, context, true); }

// --- NonZero, Trilu
// ----------------------------------------------------------------------------------------------------

/// One column of positions for each element that is not zero, in row-major order.
void nonZero(const Node&, KernelContext& context) {
  const Tensor& data = context.input(0);
  std::vector<int64_t> found;
  withElementType(data.type(), kAllTypes, "NonZero", [&](auto example) {
    using T = decltype(example);
    const auto elements = data.data<T>();
    for (size_t i = 0; i < elements.size(); ++i) {
      if (static_cast<ComputeType<T>>(elements[i]) != ComputeType<T>{0}) found.push_back(static_cast<int64_t>(i));
    }
  });
  const auto count = static_cast<int64_t>(found.size());
  const auto strides = rowMajorStrides(data.shape());
  auto positions = context.output(0, DataType::kInt64, {data.rank(), count}).data<int64_t>().begin();
  for (size_t axis = 0; axis < strides.size(); ++axis) {
    for (const int64_t index : found) *positions++ = index / strides[axis] % data.shape()[axis];
  }
}

/// Keeps the elements of each matrix on and above (or below) the k-th diagonal; the others become 0.
void trilu(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  if (src.rank() < 2) throwBadInput("Trilu of shape {}, expected matrices", toString(src.shape()));
  const bool upper = node.attr("upper", int64_t{1}) != 0;
  const auto given = optionalInts(context, 1).value_or(std::vector<int64_t>{0});
  requireCount("Trilu's k", given.size(), 1);
  const int64_t rows = *(src.shape().end() - 2), columns = src.shape().back();
  const int64_t k = std::clamp(given[0], -rows, columns);
  const auto element = static_cast<size_t>(elementSize(src.type()));
  Tensor dst = src.clone();
  auto* bytes = static_cast<char*>(dst.bytes());
  const int64_t all_rows = columns == 0 ? 0 : src.elementCount() / columns;
  for (int64_t i = 0; i < all_rows; ++i) {
    const int64_t diagonal = i % rows + k;
    const int64_t begin = upper ? 0 : std::clamp(diagonal + 1, int64_t{0}, columns);
    const int64_t end = upper ? std::clamp(diagonal, int64_t{0}, columns) : columns;
    std::memset(bytes + static_cast<size_t>(i * columns + begin) * element, 0,
                static_cast<size_t>(end - begin) * element);
  }
  context.setOutput(0, std::move(dst));
}

}  // namespace

void registerSelectOps(KernelRegistry& registry) {
  registry.addFunction("Where", 9, where);
  registry.addFunction("OneHot", 9, oneHotFromZero);
  registry.addFunction("OneHot", 11, oneHotFromEitherEnd);
  registry.addFunction("NonZero", 9, nonZero);
  registry.addFunction("Trilu", 14, trilu);
}

}  // namespace quant
