#include "runtime/reference/reduction_groups.h"

namespace quant::reference {

namespace {

/// Neighbouring axes that are all reduced, or all kept, taken as one.
struct MergedAxis {
  int64_t size, step;
};

/// Offsets of all positions along `axes`, in row-major order.
std::vector<int64_t> offsetsAlong(const std::vector<MergedAxis>& axes) {
  std::vector<int64_t> offsets{0};
  for (const MergedAxis& axis : axes) {
    std::vector<int64_t> longer;
    longer.reserve(offsets.size() * static_cast<size_t>(axis.size));
    for (const int64_t start : offsets) {
      for (int64_t i = 0; i < axis.size; ++i) longer.push_back(start + i * axis.step);
    }
    offsets = std::move(longer);
  }
  return offsets;
}

}  // namespace

ReductionGroups::ReductionGroups(const Shape& shape, const std::vector<bool>& reduced) {
  const auto strides = rowMajorStrides(shape);
  std::vector<MergedAxis> kept_axes, reduced_axes;
  for (size_t i = 0; i < shape.size(); ++i) {
    auto& axes = reduced[i] ? reduced_axes : kept_axes;
    const bool joins = i > 0 && reduced[i] == reduced[i - 1];
    if (joins) {
      axes.back() = {axes.back().size * shape[i], strides[i]};
    } else {
      axes.push_back({shape[i], strides[i]});
    }
  }
  if (!reduced_axes.empty()) {
    run_size_ = reduced_axes.back().size;
    run_step_ = reduced_axes.back().step;
    reduced_axes.pop_back();
  }
  starts_ = offsetsAlong(kept_axes);
  run_starts_ = offsetsAlong(reduced_axes);
}

}  // namespace quant::reference
