// ReduceSum, -Mean, -Max, -Min and global pooling in float, where the reduced axes lie next to each other in memory.
#include <algorithm>
#include <optional>

#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/memory_order.h"
#include "runtime/onednn/reduce_middle.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

using Axes = std::vector<bool>;  // for each axis, whether it is reduced

/// [outer, reduced, inner] in memory, or nothing when something that stays lies between reduced axes.
std::optional<reference::AxisView> middleOf(const Tensor& src, const Axes& reduced) {
  reference::AxisView view;
  const Shape sizes = memoryShape(src.shape(), src.layout());
  std::vector<bool> in_memory(reduced.size());
  for (size_t i = 0; i < reduced.size(); ++i) {
    in_memory[static_cast<size_t>(memoryAxis(static_cast<int64_t>(i), src.rank(), src.layout()))] = reduced[i];
  }
  bool ended = false;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 1) continue;
    if (!in_memory[i]) {
      ended |= view.size > 1;
      (view.size > 1 ? view.inner : view.outer) *= sizes[i];
    } else if (ended) {
      return {};
    } else {
      view.size *= sizes[i];
    }
  }
  return view;
}

/// The result's elements in row-major order are those of a channels-last source when only N or only C stays.
bool staysInOrder(const Shape& shape, const Axes& reduced) {
  const auto stays = [&](size_t axis) { return !reduced[axis] && shape[axis] > 1; };
  bool spatial_stays = false;
  for (size_t i = 2; i < shape.size(); ++i) spatial_stays |= stays(i);
  return !spatial_stays || !stays(1);
}

Shape reducedShape(const Shape& shape, const Axes& reduced, bool keep_axes) {
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!reduced[i])
      result.push_back(shape[i]);
    else if (keep_axes)
      result.push_back(1);
  }
  return result;
}

class ReductionKernel : public FallbackKernel {
 public:
  ReductionKernel(const Node& node, int64_t opset, KernelRegistry::Factory other, Reduction reduction)
      : FallbackKernel(node, opset, std::move(other)), reduction_(reduction) {}

 protected:
  bool reduce(KernelContext& context, const Axes& reduced, bool keep_axes) {
    const bool as_is = keep_axes || staysInOrder(context.inputAsIs(0).shape(), reduced);
    const Tensor& src = as_is ? context.inputAsIs(0) : context.input(0);
    const auto view = middleOf(src, reduced);
    if (!view) return false;
    Tensor& dst = context.output(0, DataType::kFloat32, reducedShape(src.shape(), reduced, keep_axes),
                                 keep_axes ? src.layout() : Layout::kPlain);
    reduceMiddle(src.data<float>().data(), dst.data<float>().data(), *view, reduction_);
    return true;
  }

 private:
  Reduction reduction_;
};

class Reduce final : public ReductionKernel {
 public:
  using ReductionKernel::ReductionKernel;

 private:
  bool tryRun(KernelContext& context) override {
    const Tensor& src = context.inputAsIs(0);
    if (src.type() != DataType::kFloat32 || src.rank() == 0) return false;
    const auto axes =
        context.has(1) ? reference::elementsAs<int64_t>(context.input(1)) : node().attr("axes", std::vector<int64_t>{});
    if (axes.empty() && node().attr("noop_with_empty_axes", int64_t{0}) != 0) return false;
    Axes reduced(static_cast<size_t>(src.rank()), axes.empty());
    for (const int64_t axis : axes) reduced[static_cast<size_t>(normalizeAxis(axis, src.rank()))] = true;
    return reduce(context, reduced, node().attr("keepdims", int64_t{1}) != 0);
  }
};

class GlobalPool final : public ReductionKernel {
 public:
  using ReductionKernel::ReductionKernel;

 private:
  bool tryRun(KernelContext& context) override {
    const Tensor& src = context.inputAsIs(0);
    if (src.type() != DataType::kFloat32 || src.rank() < kMinSpatialRank) return false;
    Axes reduced(static_cast<size_t>(src.rank()), true);
    reduced[0] = reduced[1] = false;
    return reduce(context, reduced, true);
  }
};

}  // namespace

void registerReductions(KernelRegistry& registry) {
  putBefore<Reduce>(registry, "", "ReduceSum", Reduction::kSum);
  putBefore<Reduce>(registry, "", "ReduceMean", Reduction::kMean);
  putBefore<Reduce>(registry, "", "ReduceMax", Reduction::kMax);
  putBefore<Reduce>(registry, "", "ReduceMin", Reduction::kMin);
  putBefore<GlobalPool>(registry, "", "GlobalAveragePool", Reduction::kMean);
  putBefore<GlobalPool>(registry, "", "GlobalMaxPool", Reduction::kMax);
}

}  // namespace quant::onednn
