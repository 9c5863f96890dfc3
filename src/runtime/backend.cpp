#include "runtime/backend.h"

#include "runtime/onednn/register.h"
#include "runtime/ops/register.h"
#include "runtime/reference/register.h"

namespace quant {

std::string_view toString(Backend backend) {
  switch (backend) {
    case Backend::kReference: return "reference";
    case Backend::kOneDnn: return "onednn";
    case Backend::kSaturating: return "saturating";
  }
  return "";
}

KernelRegistry kernelsOf(Backend backend) {
  KernelRegistry registry;
  registerReferenceMath(registry);
  registerDataMovement(registry);
  switch (backend) {  // oneDNN replaces what it does better
    case Backend::kReference: break;
    case Backend::kOneDnn: registerOneDnn(registry, onednn::PairSums::kExact); break;
    case Backend::kSaturating: registerOneDnn(registry, onednn::PairSums::kSaturating); break;
  }
  return registry;
}

}  // namespace quant
