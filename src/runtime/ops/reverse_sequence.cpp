#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"
#include "runtime/ops/strided_copy.h"

namespace quant {

namespace {

/// Reverses the first sequence_lens[b] steps of time of each sample b; what comes after stays.
void reverseSequence(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const auto batch_axis = static_cast<size_t>(normalizeAxis(node.attr("batch_axis", int64_t{1}), src.rank()));
  const auto time_axis = static_cast<size_t>(normalizeAxis(node.attr("time_axis", int64_t{0}), src.rank()));
  if (batch_axis == time_axis) throwBadInput("ReverseSequence with axis {} for batch and time", batch_axis);
  const auto lengths = toInts(context.input(1));
  requireCount("ReverseSequence's sequence_lens", lengths.size(), static_cast<size_t>(src.shape()[batch_axis]));
  const auto strides = rowMajorStrides(src.shape());
  auto reversed = strides;
  reversed[time_axis] = -reversed[time_axis];
  Shape box = src.shape();
  box[batch_axis] = 1;
  Tensor dst = src.clone();
  for (size_t sample = 0; sample < lengths.size(); ++sample) {
    const int64_t length = lengths[sample];
    if (length < 0 || length > src.shape()[time_axis]) {
      throwBadInput("ReverseSequence of {} steps where there are {}", length, src.shape()[time_axis]);
    }
    box[time_axis] = length;
    const int64_t start = static_cast<int64_t>(sample) * strides[batch_axis];
    copyStrided(src, dst, {box, reversed, strides, start + (length - 1) * strides[time_axis], start});
  }
  context.setOutput(0, std::move(dst));
}

}  // namespace

void registerReverseSequenceOps(KernelRegistry& registry) {
  registry.addFunction("ReverseSequence", 10, reverseSequence);
}

}  // namespace quant
