#include "runtime/onednn/register.h"

#include "runtime/reference/register.h"

namespace quant {

void registerOneDnn(KernelRegistry& registry, onednn::PairSums pair_sums) {
  onednn::registerAttention(registry);
  onednn::registerBinary(registry);
  onednn::registerConcat(registry);
  onednn::registerConvTranspose(registry);
  onednn::registerConvolution(registry);
  onednn::registerDynamicQuantize(registry);
  onednn::registerErf(registry);
  onednn::registerInt8Convolution(registry, pair_sums);
  onednn::registerInt8Elementwise(registry);
  onednn::registerInt8MatMul(registry, pair_sums);
  onednn::registerInt8Pooling(registry);
  onednn::registerLineNormalization(registry);
  onednn::registerMatMul(registry);
  onednn::registerNormalization(registry);
  onednn::registerPooling(registry);
  onednn::registerQuantizeLinear(registry);
  onednn::registerQuantizedProduct(registry, pair_sums);
  onednn::registerRecurrent(registry);
  onednn::registerDynamicLstm(registry, pair_sums);
  onednn::registerReductions(registry);
  onednn::registerResize(registry);
  onednn::registerSoftmax(registry);
  onednn::registerUnary(registry);
  onednn::registerHalfThroughFloat(registry);
  reference::registerEinsum(registry);  // with the MatMul of this backend
}

}  // namespace quant
