#pragma once

#include <string_view>

#include "runtime/kernel.h"

namespace quant {

/// How a model is computed.
enum class Backend {
  kReference,  ///< naive loops in exact ONNX semantics: the oracle of tests and the meaning of "exact" in reports
  kOneDnn,     ///< oneDNN primitives, and the reference's kernels for what oneDNN lacks
};

std::string_view toString(Backend backend);

/// Every operator that `backend` runs. One registerX function for each file of runtime/reference, runtime/ops and
/// runtime/onednn.
KernelRegistry kernelsOf(Backend backend);

}  // namespace quant
