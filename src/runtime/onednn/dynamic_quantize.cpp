// DynamicQuantizeLinear: a tensor's own range, and its integers, by loops that vectorize. The same bits as the
// reference.
#include <algorithm>
#include <vector>

#include "runtime/broadcast.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/int8_tensor.h"
#include "runtime/onednn/number_range.h"
#include "runtime/onednn/register.h"
#include "runtime/reference/dynamic_quantization.h"

namespace quant::onednn {

namespace {

using reference::DynamicRange;

DynamicRange rangeOf(const float* x, int64_t count) {
  constexpr int64_t kPieces = 64;
  if (count < kParallelGrain) {
    DynamicRange range;
    widenRange(x, count, range);
    return range;
  }
  std::vector<DynamicRange> pieces(kPieces);
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < kPieces; ++i) {
    widenRange(x + count * i / kPieces, count * (i + 1) / kPieces - count * i / kPieces,
               pieces[static_cast<size_t>(i)]);
  }
  DynamicRange all;
  for (const DynamicRange& piece : pieces) {
    all = {std::min(all.low, piece.low), std::max(all.high, piece.high)};
  }
  return all;
}

class DynamicQuantizeLinear final : public FallbackKernel {
 public:
  using FallbackKernel::FallbackKernel;

 private:
  bool tryRun(KernelContext& context) override {
    const Tensor& src = context.inputAsIs(0);
    if (src.type() != DataType::kFloat32) return false;
    const float* const from = src.data<float>().data();
    const auto [scale, zero_point] = dynamicParams(rangeOf(from, src.elementCount()));
    const ByteScale to{scale, zero_point, 0};
    uint8_t* const bytes = bytesOf(context.output(0, DataType::kUInt8, src.shape(), src.layout()));
    parallelRange(src.elementCount(),
                  [&](int64_t begin, int64_t end) { quantizeRun(from + begin, bytes + begin, end - begin, to); });
    context.setOutput(1, Tensor::scalar(scale));
    context.setOutput(2, Tensor::scalar(zero_point));
    return true;
  }
};

}  // namespace

void registerDynamicQuantize(KernelRegistry& registry) {
  putBefore<DynamicQuantizeLinear>(registry, "", "DynamicQuantizeLinear");
}

}  // namespace quant::onednn
