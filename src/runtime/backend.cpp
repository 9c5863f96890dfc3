#include "runtime/backend.h"

#include "runtime/onednn/register.h"
#include "runtime/ops/register.h"
#include "runtime/reference/register.h"

namespace quant {

std::string_view toString(Backend backend) {
  switch (backend) {
    case Backend::kReference: return "reference";
    case Backend::kOneDnn: return "onednn";
  }
  return "";
}

KernelRegistry kernelsOf(Backend backend) {
  KernelRegistry registry;
  registerReferenceMath(registry);
  registerDataMovement(registry);
  if (backend == Backend::kOneDnn) registerOneDnn(registry);  // replaces what it does better
  return registry;
}

}  // namespace quant
