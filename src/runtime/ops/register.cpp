#include "runtime/ops/register.h"

namespace quant {

void registerDataMovement(KernelRegistry& registry) {
  registerCastOps(registry);
  registerConcatOps(registry);
  registerConstantOps(registry);
  registerExpandOps(registry);
  registerFoldOps(registry);
  registerGatherOps(registry);
  registerGridSampleOps(registry);
  registerLookupOps(registry);
  registerPadOps(registry);
  registerResizeOps(registry);
  registerReverseSequenceOps(registry);
  registerScatterOps(registry);
  registerSelectOps(registry);
  registerShapeOps(registry);
  registerSliceOps(registry);
  registerTopKOps(registry);
  registerTransposeOps(registry);
  registerUniqueOps(registry);
}

}  // namespace quant
