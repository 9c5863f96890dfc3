#include "runtime/onednn/memory_order.h"

#include <algorithm>

namespace quant::onednn {

Shape memoryShape(const Shape& shape, Layout layout) {
  Shape result = shape;
  if (layout == Layout::kChannelsLast) std::rotate(result.begin() + 1, result.begin() + 2, result.end());
  return result;
}

int64_t memoryAxis(int64_t axis, int64_t rank, Layout layout) {
  if (layout == Layout::kPlain || axis == 0) return axis;
  return axis == 1 ? rank - 1 : axis - 1;
}

Tensor inMemoryOrder(const Tensor& tensor) {
  return Tensor::view(tensor.type(), memoryShape(tensor.shape(), tensor.layout()), tensor.bytes(), nullptr);
}

bool hasChannelsLast(const KernelContext& context, size_t rank) {
  for (size_t i = 0; i < context.inputCount(); ++i) {
    if (!context.has(i)) continue;
    const Tensor& tensor = context.inputAsIs(i);
    if (tensor.layout() == Layout::kChannelsLast && tensor.shape().size() == rank) return true;
  }
  return false;
}

Tensor operand(KernelContext& context, size_t index, size_t rank) {
  if (context.inputAsIs(index).shape().size() == rank) {
    return inMemoryOrder(context.inputAs(index, Layout::kChannelsLast));
  }
  const Tensor& plain = context.input(index);
  Shape padded(rank - plain.shape().size(), 1);
  padded.insert(padded.end(), plain.shape().begin(), plain.shape().end());
  const Tensor turned = convertLayout(plain.alias(std::move(padded)), Layout::kChannelsLast);
  return Tensor::view(turned.type(), memoryShape(turned.shape(), turned.layout()), turned.bytes(),
                      std::make_shared<Tensor>(turned.alias()));
}

}  // namespace quant::onednn
