// ReduceSum and its kind.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/reduction_groups.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

/// The elements that become one.
template <class T>
class Group {
 public:
  Group(const T* start, const ReductionGroups& groups) : start_(start), groups_(groups) {}

  [[nodiscard]] int64_t size() const { return groups_.groupSize(); }
  /// f(...f(f(initial, x0), x1)..., xn), each x as a number of `Number`.
  template <class Number, class F>
  Number fold(Number initial, F f) const {
    groups_.forEach([&](int64_t offset) { initial = f(initial, elementCast<Number>(start_[offset])); });
    return initial;
  }
  /// The sum of f(x), in double for floating point numbers, in 64 bits for integers.
  template <class F>
  [[nodiscard]] SumType<T> sum(F f) const {
    return fold(SumType<T>{0}, [f](auto total, auto x) {
      return wrapping<SumType<T>>(total, f(x), [](auto a, auto b) { return a + b; });
    });
  }

 private:
  const T* start_;
  const ReductionGroups& groups_;
};

std::vector<bool> reducedAxes(const Node& node, KernelContext& context, int64_t rank) {
  const auto axes = context.has(1) ? elementsAs<int64_t>(context.input(1)) : node.attr("axes", std::vector<int64_t>{});
  const bool keep_all = axes.empty() && node.attr("noop_with_empty_axes", int64_t{0}) != 0;
  std::vector<bool> reduced(static_cast<size_t>(rank), axes.empty() && !keep_all);
  for (const int64_t axis : axes) reduced[static_cast<size_t>(normalizeAxis(axis, rank))] = true;
  return reduced;
}

Shape reducedShape(const Shape& shape, const std::vector<bool>& reduced, bool keep_dims) {
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!reduced[i]) {
      result.push_back(shape[i]);
    } else if (keep_dims) {
      result.push_back(1);
    }
  }
  return result;
}

/// `f` takes a Group<T> and gives a T.
template <class Types, class F>
void runReduction(std::string_view op_type, Types types, const Node& node, KernelContext& context, F f) {
  const Tensor& src = context.input(0);
  const auto reduced = reducedAxes(node, context, src.rank());
  const bool keep_dims = node.attr("keepdims", int64_t{1}) != 0;
  Tensor& dst = context.output(0, src.type(), reducedShape(src.shape(), reduced, keep_dims));
  const ReductionGroups groups(src.shape(), reduced);
  withElementType(src.type(), types, op_type, [&](auto example) {
    using T = decltype(example);
    const T* const from = src.data<T>().data();
    T* const to = dst.data<T>().data();
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain)
    for (int64_t i = 0; i < dst.elementCount(); ++i) {
      to[i] = f(Group<T>(from + groups.starts()[static_cast<size_t>(i)], groups));
    }
  });
}

template <class T>
double sumOfReal(const Group<T>& group) {
  return group.fold(0.0, [](double total, double x) { return total + x; });
}

template <class T>
T logSumExp(const Group<T>& group) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double max = group.fold(-kInfinity, [](double a, double b) { return largerOf(a, b); });
  if (!std::isfinite(max)) return fromReal<T>(max);
  // Nothing overflows: the largest term is 1.
  const double sum = group.fold(0.0, [max](double total, double x) { return total + std::exp(x - max); });
  return fromReal<T>(max + std::log(sum));
}

/// The value that every other one beats: what the extreme of nothing is.
template <class T>
ComputeType<T> extremeStart(bool for_max) {
  using Limits = std::numeric_limits<ComputeType<T>>;
  if constexpr (Limits::has_infinity) {
    return for_max ? -Limits::infinity() : Limits::infinity();
  } else {
    return for_max ? Limits::lowest() : Limits::max();
  }
}

template <class T>
T extreme(const Group<T>& group, bool for_max) {
  const auto start = extremeStart<T>(for_max);
  if (for_max) return elementCast<T>(group.fold(start, [](auto a, auto b) { return largerOf(a, b); }));
  return elementCast<T>(group.fold(start, [](auto a, auto b) { return smallerOf(a, b); }));
}

template <class Types, class F>
void addReduction(KernelRegistry& registry, const char* op_type, Types types, F f) {
  registry.addFunction(op_type, 1, [=](const Node& node, KernelContext& context) {
    runReduction(op_type, types, node, context, [f](const auto& group) { return f(group); });
  });
}

// What `f` returns is converted to the element type here, so that each row below is a formula.
template <class F>
void addSum(KernelRegistry& registry, const char* op_type, F f) {
  addReduction(registry, op_type, kNumericTypes,
               [f]<class T>(const Group<T>& group) { return elementCast<T>(group.sum(f)); });
}

template <class F>
void addRealOfSum(KernelRegistry& registry, const char* op_type, F f) {
  addReduction(registry, op_type, kNumericTypes, [f]<class T>(const Group<T>& group) { return fromReal<T>(f(group)); });
}

}  // namespace

void registerReductions(KernelRegistry& registry) {
  addSum(registry, "ReduceSum", [](auto x) { return x; });
  addSum(registry, "ReduceL1", [](auto x) { return x < 0 ? wrapping(decltype(x){0}, x, std::minus<>()) : x; });
  addSum(registry, "ReduceSumSquare", [](auto x) { return wrapping(x, x, std::multiplies<>()); });
  addRealOfSum(registry, "ReduceMean",
               [](const auto& group) { return sumOfReal(group) / static_cast<double>(group.size()); });
  addRealOfSum(registry, "ReduceL2", [](const auto& group) {
    return std::sqrt(group.fold(0.0, [](double total, double x) { return total + x * x; }));
  });
  addRealOfSum(registry, "ReduceLogSum", [](const auto& group) { return std::log(sumOfReal(group)); });
  addReduction(registry, "ReduceLogSumExp", kNumericTypes, [](const auto& group) { return logSumExp(group); });
  addReduction(registry, "ReduceProd", kNumericTypes, []<class T>(const Group<T>& group) {
    return elementCast<T>(
        group.fold(SumType<T>{1}, [](auto a, auto b) { return wrapping(a, b, std::multiplies<>()); }));
  });
  addReduction(registry, "ReduceMax", kAllTypes, [](const auto& group) { return extreme(group, true); });
  addReduction(registry, "ReduceMin", kAllTypes, [](const auto& group) { return extreme(group, false); });
}

}  // namespace quant::reference
