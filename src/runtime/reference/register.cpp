#include "runtime/reference/register.h"

namespace quant {

void registerReferenceMath(KernelRegistry& registry) {
  using namespace reference;
  registerActivations(registry);
  registerArgReductions(registry);
  registerBinary(registry);
  registerComparisons(registry);
  registerConvolution(registry);
  registerConvTranspose(registry);
  registerCumulativeSum(registry);
  registerGlobalPooling(registry);
  registerIntegerMatMul(registry);
  registerLayerNormalization(registry);
  registerMatMul(registry);
  registerNormalization(registry);
  registerPooling(registry);
  registerQLinearConv(registry);
  registerQLinearElementwise(registry);
  registerQLinearPooling(registry);
  registerQuantizeLinear(registry);
  registerReductions(registry);
  registerSoftmax(registry);
  registerUnary(registry);
  registerFused(registry);  // made of the operators above
  registerQuantizedProduct(registry);
}

}  // namespace quant
