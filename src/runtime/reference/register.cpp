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
  registerCumulative(registry);
  registerDeformableConvolution(registry);
  registerDeterminant(registry);
  registerDynamicLstm(registry);
  registerGlobalPooling(registry);
  registerGroupQueryAttention(registry);
  registerIntegerMatMul(registry);
  registerLayerNormalization(registry);
  registerMatMul(registry);
  registerNonMaxSuppression(registry);
  registerNormalization(registry);
  registerPooling(registry);
  registerQLinearConv(registry);
  registerQLinearElementwise(registry);
  registerQLinearPooling(registry);
  registerQuantizeLinear(registry);
  registerRecurrent(registry);
  registerReductions(registry);
  registerSmallWeights(registry);
  registerRegionPooling(registry);
  registerSoftmax(registry);
  registerRandom(registry);
  registerSpectra(registry);
  registerUnary(registry);
  registerEinsum(registry);  // made of the operators above, as the next two are
  registerFused(registry);
  registerQuantizedProduct(registry);
}

}  // namespace quant
