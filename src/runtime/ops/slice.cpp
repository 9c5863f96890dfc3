#include <algorithm>

#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"
#include "runtime/ops/strided_copy.h"

namespace quant {

namespace {

struct SliceArguments {
  std::vector<int64_t> starts, ends;
  std::optional<std::vector<int64_t>> axes, steps;
};

/// `count` elements from `start` on.
struct AxisSlice {
  int64_t start, count;
};

/// Every `step`-th element from `start` on, before `end` is reached. Positions may be negative (counted from the end)
/// or beyond the ends; unlike in numpy, a start before the first element means the first one in either direction.
AxisSlice sliceAxis(int64_t size, int64_t start, int64_t end, int64_t step) {
  if (step == 0) throwBadInput("Slice with a step of 0");
  if (size == 0) return {0, 0};
  const auto position = [&](int64_t at, int64_t low, int64_t high) {
    return std::clamp(at < 0 ? at + size : at, low, high);
  };
  const bool forward = step > 0;
  const int64_t first = position(start, 0, forward ? size : size - 1);
  const int64_t last = forward ? position(end, 0, size) : position(end, -1, size - 1);
  const int64_t distance = forward ? last - first : first - last;
  if (distance <= 0) return {0, 0};
  const uint64_t stride = forward ? static_cast<uint64_t>(step) : -static_cast<uint64_t>(step);
  return {first, static_cast<int64_t>((static_cast<uint64_t>(distance) - 1) / stride + 1)};
}

void runSlice(KernelContext& context, const SliceArguments& arguments) {
  const Tensor& src = context.input(0);
  const size_t count = arguments.starts.size();
  const auto axes = normalizeAxes(arguments.axes.value_or(allAxes(static_cast<int64_t>(count))), src.rank());
  const auto steps = arguments.steps.value_or(std::vector<int64_t>(count, 1));
  requireCount("Slice's ends", arguments.ends.size(), count);
  requireCount("Slice's axes", axes.size(), count);
  requireCount("Slice's steps", steps.size(), count);
  Shape box = src.shape();
  auto strides = rowMajorStrides(src.shape());
  int64_t offset = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto axis = static_cast<size_t>(axes[i]);
    const auto [start, taken] = sliceAxis(box[axis], arguments.starts[i], arguments.ends[i], steps[i]);
    box[axis] = taken;
    offset += start * strides[axis];
    if (taken > 1) strides[axis] *= steps[i];
  }
  copyStrided(src, context.output(0, src.type(), box), box, strides, offset);
}

void sliceByAttributes(const Node& node, KernelContext& context) {
  const auto list = [&](std::string_view name) { return node.attr(name, std::vector<int64_t>{}); };
  SliceArguments arguments{list("starts"), list("ends"), std::nullopt, std::nullopt};
  if (node.hasAttr("axes")) arguments.axes = list("axes");
  runSlice(context, arguments);
}

void sliceByInputs(const Node&, KernelContext& context) {
  runSlice(context,
           {toInts(context.input(1)), toInts(context.input(2)), optionalInts(context, 3), optionalInts(context, 4)});
}

}  // namespace

void registerSliceOps(KernelRegistry& registry) {
  registry.addFunction("Slice", 1, sliceByAttributes);
  registry.addFunction("Slice", 10, sliceByInputs);
}

}  // namespace quant
