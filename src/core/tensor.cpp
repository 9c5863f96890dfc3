#include "core/tensor.h"

#include <cstring>
#include <new>

#include "core/error.h"

namespace quant {

namespace {

constexpr std::align_val_t kAlignment{64};  // a cache line, and the widest vector register

std::shared_ptr<const void> allocate(size_t bytes, void*& address) {
  address = ::operator new(bytes == 0 ? 1 : bytes, kAlignment);
  return {address, [](const void* memory) { ::operator delete(const_cast<void*>(memory), kAlignment); }};
}

}  // namespace

Tensor::Tensor() : shape_{0} {}

Tensor::Tensor(DataType type, Shape shape, Layout layout)
    : type_(type), layout_(layout), shape_(std::move(shape)), count_(quant::elementCount(shape_)) {
  if (elementBits(type) == 0) throwUnsupported("tensors of type {} cannot be computed with", toString(type));
  owner_ = allocate(byteSize(), bytes_);
}

Tensor::Tensor(DataType type, Shape shape, void* bytes, std::shared_ptr<const void> owner, Layout layout)
    : type_(type),
      layout_(layout),
      shape_(std::move(shape)),
      count_(quant::elementCount(shape_)),
      bytes_(bytes),
      owner_(std::move(owner)) {}

Tensor Tensor::view(DataType type, Shape shape, const void* bytes, std::shared_ptr<const void> owner, Layout layout) {
  return {type, std::move(shape), const_cast<void*>(bytes), std::move(owner), layout};
}

size_t Tensor::byteSize() const { return storageBytes(type_, count_); }

Tensor Tensor::clone() const {
  Tensor copy(type_, shape_, layout_);
  if (count_ != 0) std::memcpy(copy.bytes_, bytes_, byteSize());  // an empty view may have no address
  return copy;
}

Tensor Tensor::alias(Shape shape) const {
  if (quant::elementCount(shape) != count_ || (layout_ != Layout::kPlain && shape != shape_)) {
    throwInternal("a tensor of shape {} cannot be seen as {}", quant::toString(shape_), quant::toString(shape));
  }
  return view(type_, std::move(shape), bytes_, owner_, layout_);
}

void Tensor::requireType(DataType type) const {
  if (type != type_) throwInternal("a tensor of type {} was used as {}", toString(type_), toString(type));
}

}  // namespace quant
