// Operators that read or change a tensor's shape and leave its elements where they are.

#include <algorithm>
#include <cstring>

#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"

namespace quant {

namespace {

void identity(const Node&, KernelContext& context) { context.setOutput(0, context.inputAsIs(0).alias()); }

// --- Dropout
// -----------------------------------------------------------------------------------------------------------

/// Inference keeps every element.
void dropout(KernelContext& context, DataType mask_type) {
  const Tensor& data = context.inputAsIs(0);
  context.setOutput(0, data.alias());
  if (!context.wants(1)) return;
  Tensor ones(mask_type, data.shape(), data.layout());
  if (mask_type == DataType::kBool) {
    std::ranges::fill(ones.data<bool>(), true);
  } else if (mask_type == DataType::kFloat32) {
    std::ranges::fill(ones.data<float>(), 1.0F);
  } else {
    throwUnsupported("Dropout's mask of element type {}", toString(mask_type));
  }
  context.setOutput(1, std::move(ones));
}

void dropoutWithMaskOfInputType(const Node&, KernelContext& context) { dropout(context, context.inputAsIs(0).type()); }

void dropoutWithBoolMask(const Node&, KernelContext& context) { dropout(context, DataType::kBool); }

bool isZero(const Tensor& tensor) {
  const auto* bytes = static_cast<const char*>(tensor.bytes());
  return std::all_of(bytes, bytes + tensor.byteSize(), [](char byte) { return byte == 0; });
}

void dropoutWithModeInput(const Node&, KernelContext& context) {
  const Tensor* ratio = context.optionalInput(1);
  const Tensor* training = context.optionalInput(2);
  const bool drops = training && !isZero(*training) && !(ratio && isZero(*ratio));
  if (drops) throwUnsupported("Dropout in training mode");
  dropout(context, DataType::kBool);
}

// --- Shape, Size
// -------------------------------------------------------------------------------------------------------

void shapeOf(const Node& node, KernelContext& context) {
  const Tensor& data = context.inputAsIs(0);
  const int64_t rank = data.rank();
  const auto position = [&](std::string_view name, int64_t fallback) {
    const int64_t at = node.attr(name, fallback);
    return std::clamp(at < 0 ? at + rank : at, int64_t{0}, rank);
  };
  const int64_t start = position("start", 0), end = std::max(start, position("end", rank));
  context.setOutput(0,
                    Tensor::of<int64_t>(
                        {end - start},
                        std::span(data.shape()).subspan(static_cast<size_t>(start), static_cast<size_t>(end - start))));
}

void sizeOf(const Node&, KernelContext& context) {
  context.setOutput(0, Tensor::scalar(context.inputAsIs(0).elementCount()));
}

// --- Reshape, Flatten, Squeeze, Unsqueeze
// ------------------------------------------------------------------------------

void setReshaped(KernelContext& context, Shape shape) {
  const Tensor& data = context.input(0);
  if (elementCount(shape) != data.elementCount()) {
    throwBadInput("a tensor of shape {} cannot be reshaped to {}", toString(data.shape()), toString(shape));
  }
  context.setOutput(0, data.alias(std::move(shape)));
}

/// Puts the size that makes the element counts equal where `target` has its -1.
void inferSize(Shape& target, const Shape& from) {
  const auto unknown = std::ranges::find(target, -1);
  if (unknown == target.end()) return;
  *unknown = 1;
  const int64_t known = elementCount(target);
  if (std::ranges::count(target, -1) > 0 || known <= 0 || elementCount(from) % known != 0) {
    *unknown = -1;
    throwBadInput("a tensor of shape {} cannot be reshaped to {}", toString(from), toString(target));
  }
  *unknown = elementCount(from) / known;
}

void reshape(const Node& node, KernelContext& context) {
  const Shape& from = context.inputAsIs(0).shape();
  Shape target = toInts(context.input(1));
  const bool zero_copies = node.attr("allowzero", int64_t{0}) == 0;
  for (size_t i = 0; i < target.size(); ++i) {
    if (target[i] < -1) throwBadInput("Reshape to {}, which has a negative size", toString(target));
    if (target[i] != 0 || !zero_copies) continue;
    if (i >= from.size()) throwBadInput("Reshape copies size {} of a tensor of shape {}", i, toString(from));
    target[i] = from[i];
  }
  inferSize(target, from);
  setReshaped(context, std::move(target));
}

void flatten(const Node& node, KernelContext& context) {
  const Shape& from = context.inputAsIs(0).shape();
  const auto rank = static_cast<int64_t>(from.size());
  const int64_t axis = node.attr("axis", int64_t{1});
  if (axis < -rank || axis > rank) throwBadInput("axis {} is outside a tensor of rank {}", axis, rank);
  const auto split = from.begin() + (axis < 0 ? axis + rank : axis);
  setReshaped(context, {elementCount({from.begin(), split}), elementCount({split, from.end()})});
}

void squeeze(const Node& node, KernelContext& context) {
  const Shape& from = context.inputAsIs(0).shape();
  const auto axes = attributeOrInput(node, "axes", context, 1);
  std::vector<bool> removed(from.size());
  if (axes) {
    for (const int64_t axis : normalizeAxes(*axes, static_cast<int64_t>(from.size()))) {
      if (from[static_cast<size_t>(axis)] != 1) {
        throwBadInput("Squeeze of axis {}, which is not 1, in shape {}", axis, toString(from));
      }
      removed[static_cast<size_t>(axis)] = true;
    }
  }
  Shape kept;
  for (size_t i = 0; i < from.size(); ++i) {
    if (axes ? !removed[i] : from[i] != 1) kept.push_back(from[i]);
  }
  setReshaped(context, std::move(kept));
}

void unsqueeze(const Node& node, KernelContext& context) {
  const Shape& from = context.inputAsIs(0).shape();
  const auto axes = attributeOrInput(node, "axes", context, 1);
  if (!axes) throwBadInput("Unsqueeze without axes");
  Shape shape(from.size() + axes->size(), 0);
  for (const int64_t axis : normalizeAxes(*axes, static_cast<int64_t>(shape.size()))) {
    shape[static_cast<size_t>(axis)] = -1;
  }
  auto next = from.begin();
  for (int64_t& size : shape) size = size == -1 ? 1 : *next++;
  setReshaped(context, std::move(shape));
}

}  // namespace

void registerShapeOps(KernelRegistry& registry) {
  registry.addFunction("Identity", 1, identity);
  registry.addFunction("Dropout", 7, dropoutWithMaskOfInputType);
  registry.addFunction("Dropout", 10, dropoutWithBoolMask);
  registry.addFunction("Dropout", 12, dropoutWithModeInput);
  registry.addFunction("Shape", 1, shapeOf);
  registry.addFunction("Size", 1, sizeOf);
  registry.addFunction("Reshape", 5, reshape);
  registry.addFunction("Flatten", 1, flatten);
  registry.addFunction("Squeeze", 1, squeeze);
  registry.addFunction("Unsqueeze", 1, unsqueeze);
}

}  // namespace quant
