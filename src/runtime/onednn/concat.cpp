// Concat of channels-last tensors of any type, as they lie.
#include <cstring>
#include <optional>
#include <vector>

#include "runtime/broadcast.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/memory_order.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

/// A source as rows of bytes, one after the other in each row of the result.
struct Part {
  const std::byte* from;
  size_t bytes;
};

/// The result's shape; nothing when the sources do not fit together (the other kernel says how).
std::optional<Shape> joinedShape(const KernelContext& context, size_t axis) {
  Shape shape = context.inputAsIs(0).shape();
  for (size_t i = 1; i < context.inputCount(); ++i) {
    Shape next = context.inputAsIs(i).shape();
    if (next.size() != shape.size()) return {};
    shape[axis] += next[axis];
    next[axis] = shape[axis];
    if (next != shape) return {};
  }
  return shape;
}

void copyRows(const std::vector<Part>& parts, std::byte* dst, int64_t rows) {
  size_t row_bytes = 0;
  for (const Part& part : parts) row_bytes += part.bytes;
  const int64_t all_bytes = rows * static_cast<int64_t>(row_bytes);
#pragma omp parallel for schedule(static) if (all_bytes > kParallelGrain)
  for (int64_t row = 0; row < rows; ++row) {
    std::byte* to = dst + static_cast<size_t>(row) * row_bytes;
    for (const Part& part : parts) {
      std::memcpy(to, part.from + static_cast<size_t>(row) * part.bytes, part.bytes);
      to += part.bytes;
    }
  }
}

class Concat final : public FallbackKernel {
 public:
  using FallbackKernel::FallbackKernel;

 private:
  bool tryRun(KernelContext& context) override {
    const Tensor& first = context.inputAsIs(0);
    if (!hasChannelsLast(context, first.shape().size())) return false;
    const int64_t axis = normalizeAxis(node().attr("axis", int64_t{1}), first.rank());
    const auto shape = joinedShape(context, static_cast<size_t>(axis));
    if (!shape || elementSize(first.type()) == 0) return false;
    Tensor& dst = context.output(0, first.type(), *shape, Layout::kChannelsLast);

    const Shape sizes = memoryShape(*shape, Layout::kChannelsLast);
    const int64_t at = memoryAxis(axis, first.rank(), Layout::kChannelsLast);
    int64_t rows = 1;
    for (int64_t i = 0; i < at; ++i) rows *= sizes[static_cast<size_t>(i)];
    std::vector<Part> parts;
    for (size_t i = 0; i < context.inputCount(); ++i) {
      const Tensor& src = context.inputAs(i, Layout::kChannelsLast);
      parts.push_back({static_cast<const std::byte*>(src.bytes()), src.byteSize() / static_cast<size_t>(rows)});
    }
    copyRows(parts, static_cast<std::byte*>(dst.bytes()), rows);
    return true;
  }
};

}  // namespace

void registerConcat(KernelRegistry& registry) { putBefore<Concat>(registry, "", "Concat"); }

}  // namespace quant::onednn
