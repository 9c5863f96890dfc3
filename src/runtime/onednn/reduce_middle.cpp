#include "runtime/onednn/reduce_middle.h"

#include <algorithm>
#include <array>
#include <limits>

#include "runtime/broadcast.h"
#include "runtime/is_nan.h"

namespace quant::onednn {

namespace {

/// Neighbouring results that are computed together: enough for the vector units, few enough for the first-level cache.
constexpr int64_t kBlock = 64;

struct Sum {
  using Number = double;
  static constexpr double kStart = 0;
  static double fold(double total, float x) { return total + static_cast<double>(x); }
};

struct Max {
  using Number = float;
  static constexpr float kStart = -std::numeric_limits<float>::infinity();
  static float fold(float best, float x) { return best > x || isNan(best) ? best : x; }
};

struct Min {
  using Number = float;
  static constexpr float kStart = std::numeric_limits<float>::infinity();
  static float fold(float best, float x) { return best < x || isNan(best) ? best : x; }
};

template <class Op>
using Block = std::array<typename Op::Number, kBlock>;

/// A run of numbers to one: kBlock partial results side by side, folded at the end.
template <class Op, class Merge>
typename Op::Number reduceRun(const float* src, int64_t size, Merge merge) {
  Block<Op> partial;
  partial.fill(Op::kStart);
  int64_t i = 0;
  for (; i + kBlock <= size; i += kBlock) {
    for (int64_t lane = 0; lane < kBlock; ++lane) {
      auto& total = partial[static_cast<size_t>(lane)];
      total = Op::fold(total, src[i + lane]);
    }
  }
  typename Op::Number result = Op::kStart;
  for (const auto& number : partial) result = merge(result, number);
  for (; i < size; ++i) result = Op::fold(result, src[i]);
  return result;
}

/// kBlock or fewer neighbouring columns, each to one number.
template <class Op>
void reduceColumns(const float* src, int64_t size, int64_t step, int64_t columns, Block<Op>& totals) {
  totals.fill(Op::kStart);
  for (int64_t i = 0; i < size; ++i, src += step) {
    for (int64_t lane = 0; lane < columns; ++lane) {
      auto& total = totals[static_cast<size_t>(lane)];
      total = Op::fold(total, src[lane]);
    }
  }
}

template <class Op, class Merge>
void reduce(const float* src, float* dst, const reference::AxisView& view, double divisor, Merge merge) {
  const int64_t blocks = (view.inner + kBlock - 1) / kBlock;
#pragma omp parallel for collapse(2) schedule(static) if (view.outer * view.size * view.inner > kParallelGrain)
  for (int64_t outer = 0; outer < view.outer; ++outer) {
    for (int64_t block = 0; block < blocks; ++block) {
      const float* const from = src + outer * view.size * view.inner + block * kBlock;
      float* const to = dst + outer * view.inner + block * kBlock;
      if (view.inner == 1) {
        *to = static_cast<float>(reduceRun<Op>(from, view.size, merge) / divisor);
        continue;
      }
      const int64_t columns = std::min(kBlock, view.inner - block * kBlock);
      Block<Op> totals;
      reduceColumns<Op>(from, view.size, view.inner, columns, totals);
      for (int64_t i = 0; i < columns; ++i) to[i] = static_cast<float>(totals[static_cast<size_t>(i)] / divisor);
    }
  }
}

}  // namespace

void reduceMiddle(const float* src, float* dst, const reference::AxisView& view, Reduction reduction) {
  const auto plus = [](double a, double b) { return a + b; };
  switch (reduction) {
    case Reduction::kSum: return reduce<Sum>(src, dst, view, 1, plus);
    case Reduction::kMean: return reduce<Sum>(src, dst, view, static_cast<double>(view.size), plus);
    case Reduction::kMax: return reduce<Max>(src, dst, view, 1, Max::fold);
    case Reduction::kMin: return reduce<Min>(src, dst, view, 1, Min::fold);
  }
}

}  // namespace quant::onednn
