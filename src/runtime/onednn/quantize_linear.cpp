// QuantizeLinear from float to one scale of 8 bits, also of what has a factor for each channel. (DequantizeLinear and
// everything else is as fast in the reference.)
#include "runtime/broadcast.h"
#include "runtime/lowering/lowering.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/int8_tensor.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

class QuantizeLinear final : public FallbackKernel {
 public:
  using FallbackKernel::FallbackKernel;

 private:
  static constexpr size_t kSrc = 0, kScale = 1, kZeroPoint = 2;

  bool tryRun(KernelContext& context) override {
    const Tensor& src = context.inputAsIs(kSrc);
    const bool has_type = src.type() == DataType::kFloat32 && context.has(kZeroPoint) &&
                          isInt8(context.inputAsIs(kZeroPoint)) &&
                          context.inputAsIs(kScale).type() == DataType::kFloat32;
    if (!has_type || context.inputAsIs(kScale).elementCount() != 1 || context.inputAsIs(kScale).rank() > 1)
      return false;
    const DataType type = context.inputAsIs(kZeroPoint).type();
    const ByteScale to = byteScale(context, kScale, type);
    Tensor& dst = context.output(0, type, src.shape(), src.layout());
    const float* const from = src.data<float>().data();
    uint8_t* const bytes = bytesOf(dst);
    parallelRange(src.elementCount(),
                  [&](int64_t begin, int64_t end) { quantizeRun(from + begin, bytes + begin, end - begin, to); });
    return true;
  }
};

/// Of lowering's own domain: QuantizeLinear of x times one factor for each index of its last axis.
class LevelledQuantizeLinear final : public Kernel {
 public:
  void run(KernelContext& context) override {
    constexpr size_t kSrc = 0, kFactors = 1, kScale = 2, kZeroPoint = 3;
    const Tensor& src = context.input(kSrc);
    const auto factors = context.inputAsIs(kFactors).data<float>();
    const DataType type = context.inputAsIs(kZeroPoint).type();
    const ByteScale to = byteScale(context, kScale, type);
    Tensor& dst = context.output(0, type, src.shape());
    const float* const from = src.data<float>().data();
    uint8_t* const bytes = bytesOf(dst);
    const auto channels = static_cast<int64_t>(factors.size());
    const int64_t rows = channels == 0 ? 0 : src.elementCount() / channels;
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain)
    for (int64_t row = 0; row < rows; ++row) {
      quantizeLevelledRun(from + row * channels, factors.data(), bytes + row * channels, channels, to);
    }
  }
};

}  // namespace

void registerQuantizeLinear(KernelRegistry& registry) {
  for (const char* domain : {"", "com.microsoft"}) putBefore<QuantizeLinear>(registry, domain, "QuantizeLinear");
  registry.add(kFusedDomain, "LevelledQuantizeLinear", 1,
               [](const Node&, int64_t) { return std::make_unique<LevelledQuantizeLinear>(); });
}

}  // namespace quant::onednn
