// QuantizeLinear from float to one scale of 8 bits. (DequantizeLinear and everything else is as fast in the reference.)
#include "runtime/broadcast.h"
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

}  // namespace

void registerQuantizeLinear(KernelRegistry& registry) {
  for (const char* domain : {"", "com.microsoft"}) putBefore<QuantizeLinear>(registry, domain, "QuantizeLinear");
}

}  // namespace quant::onednn
