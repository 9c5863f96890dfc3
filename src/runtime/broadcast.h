#pragma once

#include <omp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/error.h"
#include "core/shape.h"
#include "core/tensor.h"
#include "runtime/strided_walk.h"

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

/// Elements to step over in a row-major tensor of shape `operand` to go one further along each axis of `result`: 0
/// where it repeats. Throws (bad input) when it does not broadcast to `result`.
inline std::vector<int64_t> broadcastStrides(const Shape& operand, const Shape& result) {
  if (broadcastShapes(result, operand) != result) {
    throwBadInput("a tensor of shape {} does not broadcast to {}", toString(operand), toString(result));
  }
  const auto strides = rowMajorStrides(operand);
  const size_t missing = result.size() - operand.size();
  std::vector<int64_t> steps(result.size(), 0);
  for (size_t axis = missing; axis < result.size(); ++axis) {
    if (operand[axis - missing] != 1) steps[axis] = strides[axis - missing];
  }
  return steps;
}

/// How N row-major operands are walked along their common broadcast shape. Equal shapes, scalars, trailing vectors and
/// one value per channel all become long inner runs, along which an operand's step is 1 or 0.
template <size_t N>
class BroadcastWalk : public StridedWalk<N> {
 public:
  /// `result` is what the operands broadcast to; throws (bad input) for one that does not broadcast to it.
  BroadcastWalk(const Shape& result, const std::array<Shape, N>& operands)
      : StridedWalk<N>(result, stridesOf(result, operands)) {}

 private:
  static std::array<std::vector<int64_t>, N> stridesOf(const Shape& result, const std::array<Shape, N>& operands) {
    std::array<std::vector<int64_t>, N> strides;
    for (size_t i = 0; i < N; ++i) strides[i] = broadcastStrides(operands[i], result);
    return strides;
  }
};

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
