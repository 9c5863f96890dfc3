#include <algorithm>

#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/convert_element.h"
#include "runtime/ops/register.h"
#include "runtime/ops/strided_copy.h"

namespace quant {

namespace {

enum class PadMode { kConstant, kReflect, kEdge, kWrap };

PadMode padMode(const Node& node) {
  const std::string name = node.attr("mode", "constant");
  if (name == "constant") return PadMode::kConstant;
  if (name == "reflect") return PadMode::kReflect;
  if (name == "edge") return PadMode::kEdge;
  if (name == "wrap") return PadMode::kWrap;
  throwBadInput("{} with mode '{}', expected constant, reflect, edge or wrap", node.opType(), name);
}

/// Elements added before and after each axis; negative ones are removed.
struct Pads {
  std::vector<int64_t> begin, end;
};

/// From ONNX's list (all the begins, then all the ends) for the axes named.
Pads padsOf(const std::vector<int64_t>& list, const std::vector<int64_t>& axes, int64_t rank) {
  requireCount("Pad's pads", list.size(), 2 * axes.size());
  const auto normalized = normalizeAxes(axes, rank);
  Pads pads{std::vector<int64_t>(static_cast<size_t>(rank), 0), std::vector<int64_t>(static_cast<size_t>(rank), 0)};
  for (size_t i = 0; i < normalized.size(); ++i) {
    pads.begin[static_cast<size_t>(normalized[i])] = list[i];
    pads.end[static_cast<size_t>(normalized[i])] = list[i + normalized.size()];
  }
  return pads;
}

/// The part of the source that stays, and where the destination holds it.
struct Interior {
  Shape box, src_start, dst_start, dst_shape;
};

Interior interiorOf(const Shape& shape, const Pads& pads) {
  Interior interior;
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t removed_begin = std::max<int64_t>(0, -pads.begin[i]),
                  removed_end = std::max<int64_t>(0, -pads.end[i]);
    const int64_t padded = shape[i] + pads.begin[i] + pads.end[i];
    if (padded < 0)
      throwBadInput("padding axis {} of shape {} by {} and {}", i, toString(shape), pads.begin[i], pads.end[i]);
    interior.box.push_back(std::max<int64_t>(0, shape[i] - removed_begin - removed_end));
    interior.src_start.push_back(removed_begin);
    interior.dst_start.push_back(std::max<int64_t>(0, pads.begin[i]));
    interior.dst_shape.push_back(padded);
  }
  return interior;
}

int64_t offsetOf(const Shape& position, const std::vector<int64_t>& strides) {
  int64_t offset = 0;
  for (size_t i = 0; i < position.size(); ++i) offset += position[i] * strides[i];
  return offset;
}

void copyInterior(const Tensor& src, Tensor& dst, const Interior& interior) {
  const auto src_strides = rowMajorStrides(src.shape()), dst_strides = rowMajorStrides(dst.shape());
  copyStrided(src, dst,
              {interior.box, src_strides, dst_strides, offsetOf(interior.src_start, src_strides),
               offsetOf(interior.dst_start, dst_strides)});
}

/// Which of `size` elements stands at `position`, which lies outside [0, size).
int64_t mirrored(PadMode mode, int64_t position, int64_t size) {
  const auto modulo = [](int64_t a, int64_t b) { return (a % b + b) % b; };
  switch (mode) {
    case PadMode::kConstant:
    case PadMode::kEdge: return std::clamp(position, int64_t{0}, size - 1);
    case PadMode::kWrap: return modulo(position, size);
    case PadMode::kReflect: break;
  }
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1), at = modulo(position, period);
  return at < size ? at : period - at;
}

/// Fills the border along one axis after the other, outwards, each from slices that are already there.
void fillBorders(Tensor& dst, const Interior& interior, PadMode mode) {
  const auto strides = rowMajorStrides(dst.shape());
  Shape box = interior.box, start = interior.dst_start;
  for (size_t axis = 0; axis < box.size(); ++axis) {
    const int64_t size = box[axis], begin = start[axis];
    box[axis] = 1;
    start[axis] = 0;
    for (int64_t i = 0; i < dst.shape()[axis]; ++i) {
      if (i >= begin && i < begin + size) continue;
      const int64_t from = begin + mirrored(mode, i - begin, size), base = offsetOf(start, strides);
      copyStrided(dst, dst, {box, strides, strides, base + from * strides[axis], base + i * strides[axis]});
    }
    box[axis] = dst.shape()[axis];
  }
}

void pad(const Tensor& src, const Pads& pads, PadMode mode, const Tensor& value, KernelContext& context) {
  const Interior interior = interiorOf(src.shape(), pads);
  Tensor& dst = context.output(0, src.type(), interior.dst_shape);
  if (mode == PadMode::kConstant) {
    requireCount("Pad's constant_value", static_cast<size_t>(value.elementCount()), 1);
    fill(dst, value.bytes());
    copyInterior(src, dst, interior);
  } else {
    if (elementCount(interior.box) == 0 && dst.elementCount() > 0) {
      throwBadInput("Pad has no element to fill the border of {} with", toString(dst.shape()));
    }
    copyInterior(src, dst, interior);
    fillBorders(dst, interior, mode);
  }
}

/// One element of `type`, as near to `number` as it can be.
Tensor scalarOf(DataType type, float number) {
  Tensor scalar(type, {});
  withElementType(type, kAllTypes, "Pad", [&](auto example) {
    using T = decltype(example);
    scalar.data<T>()[0] = convertElement<T>(number);
  });
  return scalar;
}

void padByAttributes(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const auto pads = padsOf(node.attr("pads", std::vector<int64_t>{}), allAxes(src.rank()), src.rank());
  pad(src, pads, padMode(node), scalarOf(src.type(), node.attr("value", 0.0F)), context);
}

void padByInputs(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const auto axes = optionalInts(context, 3).value_or(allAxes(src.rank()));
  const auto pads = padsOf(toInts(context.input(1)), axes, src.rank());
  const Tensor value = context.has(2) ? context.input(2).alias() : scalarOf(src.type(), 0.0F);
  if (value.type() != src.type()) {
    throwBadInput("Pad of {} with a constant of type {}", toString(src.type()), toString(value.type()));
  }
  pad(src, pads, padMode(node), value, context);
}

/// Halves of an odd difference: the smaller one before, the larger one after.
void centerCropPad(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const auto axes = normalizeAxes(node.attr("axes", allAxes(src.rank())), src.rank());
  const auto sizes = toInts(context.input(1));
  requireCount("CenterCropPad's shape", sizes.size(), axes.size());
  std::vector<int64_t> list;
  for (const bool at_end : {false, true}) {
    for (size_t i = 0; i < axes.size(); ++i) {
      const int64_t added = sizes[i] - src.shape()[static_cast<size_t>(axes[i])];
      list.push_back(at_end ? added - added / 2 : added / 2);
    }
  }
  pad(src, padsOf(list, axes, src.rank()), PadMode::kConstant, scalarOf(src.type(), 0.0F), context);
}

}  // namespace

void registerPadOps(KernelRegistry& registry) {
  registry.addFunction("Pad", 2, padByAttributes);
  registry.addFunction("Pad", 11, padByInputs);
  registry.addFunction("CenterCropPad", 18, centerCropPad);
}

}  // namespace quant
