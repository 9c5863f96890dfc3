// Erf of float: a quotient of two polynomials in x², which a vector unit computes many at a time.
#include <algorithm>

#include "core/for_each_cpu.h"
#include "runtime/broadcast.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

/// x * p(x²) / q(x²) within ±4, where the function is ±1 to the last bit of a float; coefficients of a minimax fit
/// (error under 4e-7), lowest power last.
constexpr float kNumerator[] = {-2.72614225801306e-10F, 2.77068142495902e-08F,  -2.10102402082508e-06F,
                                -5.69250639462346e-05F, -7.34990630326855e-04F, -2.95459980854025e-03F,
                                -1.60960333262415e-02F};
constexpr float kDenominator[] = {-1.45660718464996e-05F, -2.13374055278905e-04F, -1.68282697438203e-03F,
                                  -7.37332916720468e-03F, -1.42647390514189e-02F};

/// In two loops: where a cut number is used at once, the compiler treats the cut case apart, by a jump, and then no
/// longer computes many at a time.
QUANTIZE_FOR_EACH_CPU void erfRun(const float* src, float* dst, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const float low = src[i] < -4 ? -4 : src[i];
    dst[i] = low > 4 ? 4 : low;  // NaN stays NaN
  }
  for (int64_t i = 0; i < count; ++i) {
    const float x = dst[i], square = x * x;
    float p = kNumerator[0], q = kDenominator[0];
    for (int k = 1; k < 7; ++k) p = p * square + kNumerator[k];
    for (int k = 1; k < 5; ++k) q = q * square + kDenominator[k];
    dst[i] = x * p / q;
  }
}

class Erf final : public FallbackKernel {
 public:
  using FallbackKernel::FallbackKernel;

 private:
  bool tryRun(KernelContext& context) override {
    const Tensor& src = context.inputAsIs(0);
    if (src.type() != DataType::kFloat32) return false;
    Tensor& dst = context.output(0, DataType::kFloat32, src.shape(), src.layout());
    const float* const from = src.data<float>().data();
    float* const to = dst.data<float>().data();
    parallelRange(src.elementCount(),
                  [&](int64_t begin, int64_t end) { erfRun(from + begin, to + begin, end - begin); });
    return true;
  }
};

}  // namespace

void registerErf(KernelRegistry& registry) { putBefore<Erf>(registry, "", "Erf"); }

}  // namespace quant::onednn
