#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/shape.h"

namespace quant {

/// Goes through a box of indices in row-major order while N operands step along with strides of their own, counted in
/// elements; negative and zero strides are welcome.
///
/// Neighbouring axes that every operand steps through alike are merged first, so that runs are as long as possible.
template <size_t N>
class StridedWalk {
 public:
  using Offsets = std::array<int64_t, N>;

  StridedWalk(const Shape& box, const std::array<std::vector<int64_t>, N>& strides);

  [[nodiscard]] int64_t elementCount() const { return count_; }
  [[nodiscard]] int64_t innerStep(size_t operand) const { return axes_.back().steps[operand]; }

  /// Calls visit(index, offsets, length) for the runs that make up [begin, end) of the box: `length` elements from the
  /// row-major `index` on, during which each operand moves on from its offset by its inner step.
  template <class Visit>
  void forEachRun(int64_t begin, int64_t end, Visit visit) const;

 private:
  struct Axis {
    int64_t size = 1;
    Offsets steps{};
  };

  void append(const Axis& axis);

  std::vector<Axis> axes_{Axis{}};  // outermost first
  int64_t count_;
};

template <size_t N>
StridedWalk<N>::StridedWalk(const Shape& box, const std::array<std::vector<int64_t>, N>& strides)
    : count_(quant::elementCount(box)) {
  for (size_t i = 0; i < box.size(); ++i) {
    Axis axis{box[i], {}};
    for (size_t operand = 0; operand < N; ++operand) axis.steps[operand] = strides[operand][i];
    append(axis);
  }
}

template <size_t N>
void StridedWalk<N>::append(const Axis& axis) {
  if (axis.size == 1) return;
  Axis& last = axes_.back();
  bool mergeable = true;
  for (size_t i = 0; i < N; ++i) mergeable &= last.steps[i] == axis.steps[i] * axis.size;
  if (last.size == 1) {
    last = axis;
  } else if (mergeable) {
    last = {last.size * axis.size, axis.steps};
  } else {
    axes_.push_back(axis);
  }
}

template <size_t N>
template <class Visit>
void StridedWalk<N>::forEachRun(int64_t begin, int64_t end, Visit visit) const {
  if (begin >= end) return;
  std::vector<int64_t> position(axes_.size());
  Offsets offsets{};
  int64_t rest = begin;
  for (size_t axis = axes_.size(); axis-- > 0; rest /= axes_[axis].size) {
    position[axis] = rest % axes_[axis].size;
    for (size_t i = 0; i < N; ++i) offsets[i] += position[axis] * axes_[axis].steps[i];
  }
  for (int64_t index = begin; index < end;) {
    const int64_t length = std::min(axes_.back().size - position.back(), end - index);
    visit(index, offsets, length);
    index += length;
    position.back() += length;
    for (size_t i = 0; i < N; ++i) offsets[i] += length * axes_.back().steps[i];
    for (size_t axis = axes_.size() - 1; axis > 0 && position[axis] == axes_[axis].size; --axis) {
      position[axis] = 0;
      ++position[axis - 1];
      for (size_t i = 0; i < N; ++i) offsets[i] += axes_[axis - 1].steps[i] - axes_[axis].size * axes_[axis].steps[i];
    }
  }
}

}  // namespace quant
