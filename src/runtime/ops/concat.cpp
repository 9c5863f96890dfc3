#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"
#include "runtime/ops/strided_copy.h"

namespace quant {

namespace {

Shape concatenatedShape(KernelContext& context, size_t axis) {
  Shape shape = context.inputAsIs(0).shape();
  for (size_t i = 1; i < context.inputCount(); ++i) {
    Shape next = context.inputAsIs(i).shape();
    if (next.size() == shape.size()) {
      shape[axis] += next[axis];
      next[axis] = shape[axis];
    }
    if (next != shape) {
      throwBadInput("Concat along axis {} of shapes {} and {}, which differ elsewhere", axis,
                    toString(context.inputAsIs(0).shape()), toString(context.inputAsIs(i).shape()));
    }
  }
  return shape;
}

void concat(const Node& node, KernelContext& context) {
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{1}), context.inputAsIs(0).rank());
  Tensor& dst = context.output(0, context.inputAsIs(0).type(), concatenatedShape(context, static_cast<size_t>(axis)));
  const auto dst_strides = rowMajorStrides(dst.shape());
  int64_t offset = 0;
  for (size_t i = 0; i < context.inputCount(); ++i) {
    const Tensor& src = context.input(i);
    copyStrided(src, dst, {src.shape(), rowMajorStrides(src.shape()), dst_strides, 0, offset});
    offset += src.shape()[static_cast<size_t>(axis)] * dst_strides[static_cast<size_t>(axis)];
  }
}

/// Equal parts; where `parts` does not divide the size, the last ones are smaller.
std::vector<int64_t> equalParts(int64_t size, int64_t parts) {
  if (parts < 1) throwBadInput("Split into {} parts", parts);
  const int64_t part = (size + parts - 1) / parts;
  std::vector<int64_t> sizes;
  for (int64_t i = 0; i < parts; ++i) {
    sizes.push_back(std::min(part, size));
    size -= sizes.back();
  }
  return sizes;
}

std::vector<int64_t> partSizes(const Node& node, KernelContext& context, int64_t size) {
  const auto given = attributeOrInput(node, "split", context, 1);
  const auto outputs = static_cast<int64_t>(context.outputCount());
  auto sizes = given ? *given : equalParts(size, node.attr("num_outputs", outputs));
  requireCount("the list of Split's part sizes", sizes.size(), context.outputCount());
  int64_t sum = 0;
  for (const int64_t part : sizes) {
    if (part < 0) throwBadInput("Split into a part of size {}", part);
    sum += part;
  }
  if (sum != size) throwBadInput("Split into parts of {} elements together, but the axis has {}", sum, size);
  return sizes;
}

void split(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const auto axis = static_cast<size_t>(normalizeAxis(node.attr("axis", int64_t{0}), src.rank()));
  const auto strides = rowMajorStrides(src.shape());
  const auto sizes = partSizes(node, context, src.shape()[axis]);
  Shape box = src.shape();
  int64_t offset = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    box[axis] = sizes[i];
    if (context.wants(i)) copyStrided(src, context.output(i, src.type(), box), box, strides, offset);
    offset += sizes[i] * strides[axis];
  }
}

}  // namespace

void registerConcatOps(KernelRegistry& registry) {
  registry.addFunction("Concat", 1, concat);
  registry.addFunction("Split", 2, split);
}

}  // namespace quant
