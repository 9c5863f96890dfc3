#include "runtime/control_flow/stacked.h"

#include <cstring>

#include "core/error.h"
#include "runtime/ops/strided_copy.h"

namespace quant {

namespace {

/// The shape of an element of which nothing was ever made: sizes that only a run could tell count as 0.
Shape shapeOfNone(const std::optional<ValueType>& type) {
  Shape shape = type && type->shape ? *type->shape : Shape();
  for (int64_t& size : shape) size = std::max<int64_t>(size, 0);
  return shape;
}

}  // namespace

void Stacked::add(Tensor element) {
  if (!elements_.empty() && (element.shape() != elements_[0].shape() || element.type() != elements_[0].type())) {
    throwBadInput("a scan output is {} {} in one iteration and {} {} in another", toString(elements_[0].type()),
                  toString(elements_[0].shape()), toString(element.type()), toString(element.shape()));
  }
  elements_.push_back(std::move(element));
}

void Stacked::giveTo(KernelContext& context, size_t index) {
  const bool is_empty = elements_.empty();
  if (is_empty && !type_) throwBadInput("a scan output has no element and no known type");
  const Shape one = is_empty ? shapeOfNone(type_) : elements_[0].shape();
  const auto axis = static_cast<size_t>(normalizeAxis(axis_, static_cast<int64_t>(one.size()) + 1));
  const auto count = static_cast<int64_t>(elements_.size());
  Shape shape = one;
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), count);
  Tensor& dst = context.output(index, is_empty ? type_->type : elements_[0].type(), shape);
  auto strides = rowMajorStrides(shape);
  const int64_t step = strides[axis];
  strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(axis));
  for (int64_t i = 0; i < count; ++i) {
    const Tensor& element = elements_[static_cast<size_t>(reversed_ ? count - 1 - i : i)];
    copyStrided(element, dst, StridedCopy{one, rowMajorStrides(one), strides, 0, i * step});
  }
  elements_.clear();
}

}  // namespace quant
