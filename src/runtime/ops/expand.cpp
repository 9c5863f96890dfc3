#include <algorithm>

#include "runtime/broadcast.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"
#include "runtime/ops/strided_copy.h"

namespace quant {

namespace {

void expand(const Node&, KernelContext& context) {
  const Tensor& src = context.input(0);
  const Shape target = toInts(context.input(1));
  if (std::ranges::any_of(target, [](int64_t size) { return size < 0; })) {
    throwBadInput("Expand to {}, which has a negative size", toString(target));
  }
  const Shape box = broadcastShapes(src.shape(), target);
  copyStrided(src, context.output(0, src.type(), box), box, broadcastStrides(src.shape(), box));
}

//   [d0, d1, ...]  read as  [r0, d0, r1, d1, ...]  with stride 0 along the repeats
void tile(const Node&, KernelContext& context) {
  const Tensor& src = context.input(0);
  const auto repeats = toInts(context.input(1));
  requireCount("Tile's repeats", repeats.size(), src.shape().size());
  const auto strides = rowMajorStrides(src.shape());
  Shape box, shape;
  std::vector<int64_t> steps;
  for (size_t i = 0; i < repeats.size(); ++i) {
    if (repeats[i] < 0) throwBadInput("Tile repeats axis {} {} times", i, repeats[i]);
    box.insert(box.end(), {repeats[i], src.shape()[i]});
    steps.insert(steps.end(), {0, strides[i]});
    shape.push_back(repeats[i] * src.shape()[i]);
  }
  copyStrided(src, context.output(0, src.type(), shape), box, steps);
}

}  // namespace

void registerExpandOps(KernelRegistry& registry) {
  registry.addFunction("Expand", 8, expand);
  registry.addFunction("Tile", 6, tile);
}

}  // namespace quant
