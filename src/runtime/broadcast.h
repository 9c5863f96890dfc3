#pragma once

#include <omp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/error.h"
#include "core/shape.h"
#include "core/tensor.h"

namespace quant {

/// Elements under which a loop is not worth the threads.
inline constexpr int64_t kParallelGrain = 1 << 14;

/// Calls visit(begin, end) for pieces of [0, count), in parallel where that pays.
template <class Visit>
void parallelRange(int64_t count, Visit visit) {
  const int64_t pieces = std::clamp<int64_t>(count / kParallelGrain, 1, omp_get_max_threads());
#pragma omp parallel for schedule(static) if (pieces > 1)
  for (int64_t i = 0; i < pieces; ++i) visit(count * i / pieces, count * (i + 1) / pieces);
}

/// How N row-major operands are walked along their common broadcast shape.
///
/// Neighbouring axes that every operand steps through alike are merged first, so that equal shapes, scalars, trailing
/// vectors and one value per channel all become long inner runs, along which an operand's step is 1 or 0.
template <size_t N>
class BroadcastWalk {
 public:
  using Offsets = std::array<int64_t, N>;

  /// `result` is what the operands broadcast to; throws (bad input) for one that does not broadcast to it.
  BroadcastWalk(const Shape& result, const std::array<Shape, N>& operands);

  [[nodiscard]] int64_t elementCount() const { return count_; }
  /// Elements that operand `i` moves on for one step of the inner run: 0 or 1.
  [[nodiscard]] int64_t innerStep(size_t i) const { return axes_.back().steps[i]; }

  /// Calls visit(result_offset, offsets, length) for the inner runs that make up [begin, end) of the result.
  template <class Visit>
  void forEachRun(int64_t begin, int64_t end, Visit visit) const;

 private:
  struct Axis {
    int64_t size;
    Offsets steps;
  };

  static bool canMerge(const Axis& outer, const Axis& inner);

  std::vector<Axis> axes_;  // outermost first, never empty
  int64_t count_ = 1;
};

template <size_t N>
bool BroadcastWalk<N>::canMerge(const Axis& outer, const Axis& inner) {
  for (size_t i = 0; i < N; ++i) {
    if (outer.steps[i] != inner.steps[i] * inner.size) return false;
  }
  return true;
}

template <size_t N>
BroadcastWalk<N>::BroadcastWalk(const Shape& result, const std::array<Shape, N>& operands)
    : count_(quant::elementCount(result)) {
  std::array<std::vector<int64_t>, N> strides;
  for (size_t i = 0; i < N; ++i) {
    if (broadcastShapes(result, operands[i]) != result) {
      throwBadInput("a tensor of shape {} does not broadcast to {}", toString(operands[i]), toString(result));
    }
    strides[i] = rowMajorStrides(operands[i]);
  }
  for (size_t axis = 0; axis < result.size(); ++axis) {
    if (result[axis] == 1) continue;
    Axis next{result[axis], {}};
    for (size_t i = 0; i < N; ++i) {
      const size_t missing = result.size() - operands[i].size();
      const bool repeats = axis < missing || operands[i][axis - missing] == 1;
      next.steps[i] = repeats ? 0 : strides[i][axis - missing];
    }
    if (!axes_.empty() && canMerge(axes_.back(), next)) {
      next.size *= axes_.back().size;
      axes_.back() = next;
    } else {
      axes_.push_back(next);
    }
  }
  if (axes_.empty()) axes_.push_back({1, {}});
}

template <size_t N>
template <class Visit>
void BroadcastWalk<N>::forEachRun(int64_t begin, int64_t end, Visit visit) const {
  if (begin >= end) return;
  std::vector<int64_t> position(axes_.size());
  Offsets offsets{};
  int64_t rest = begin;
  for (size_t axis = axes_.size(); axis-- > 0; rest /= axes_[axis].size) {
    position[axis] = rest % axes_[axis].size;
    for (size_t i = 0; i < N; ++i) offsets[i] += position[axis] * axes_[axis].steps[i];
  }
  const Axis& inner = axes_.back();
  for (int64_t at = begin; at < end;) {
    const int64_t length = std::min(inner.size - position.back(), end - at);
    visit(at, offsets, length);
    at += length;
    position.back() += length;
    for (size_t i = 0; i < N; ++i) offsets[i] += length * inner.steps[i];
    for (size_t axis = axes_.size() - 1; axis > 0 && position[axis] == axes_[axis].size; --axis) {
      position[axis] = 0;
      ++position[axis - 1];
      for (size_t i = 0; i < N; ++i) offsets[i] += axes_[axis - 1].steps[i] - axes_[axis].size * axes_[axis].steps[i];
    }
  }
}

/// dst = f(a, b), elementwise with broadcasting. `dst` has the broadcast shape; all are row-major, or all have the same
/// shape and layout.
template <class A, class B, class Out, class F>
void broadcastBinary(const Tensor& a, const Tensor& b, Tensor& dst, F f) {
  const BroadcastWalk<2> walk(dst.shape(), {a.shape(), b.shape()});
  const A* const a_data = a.data<A>().data();
  const B* const b_data = b.data<B>().data();
  Out* const dst_data = dst.data<Out>().data();
  const bool a_moves = walk.innerStep(0) != 0, b_moves = walk.innerStep(1) != 0;
  parallelRange(walk.elementCount(), [&](int64_t begin, int64_t end) {
    walk.forEachRun(begin, end, [&](int64_t at, const std::array<int64_t, 2>& from, int64_t length) {
      const A* const x = a_data + from[0];
      const B* const y = b_data + from[1];
      Out* const z = dst_data + at;
      if (a_moves && b_moves) {
        for (int64_t i = 0; i < length; ++i) z[i] = f(x[i], y[i]);
      } else if (a_moves) {
        const B fixed = *y;
        for (int64_t i = 0; i < length; ++i) z[i] = f(x[i], fixed);
      } else if (b_moves) {
        const A fixed = *x;
        for (int64_t i = 0; i < length; ++i) z[i] = f(fixed, y[i]);
      } else {
        std::fill_n(z, length, f(*x, *y));
      }
    });
  });
}

}  // namespace quant
