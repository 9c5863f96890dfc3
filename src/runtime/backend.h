#pragma once

#include <array>
#include <string_view>

#include "runtime/kernel.h"

namespace quant {

/// How a model is computed.
enum class Backend {
  kReference,  ///< naive loops in exact ONNX semantics: the oracle of tests and the meaning of "exact" in reports
  kOneDnn,     ///< oneDNN primitives, and the reference's kernels for what oneDNN lacks; integers are exact on any CPU
  /// As kOneDnn, but 8-bit products with constant weights are added up as other programs do on CPUs without VNNI: in
  /// pairs, in 16 bits, with saturation.
  kSaturating,
};

inline constexpr std::array kBackends = {Backend::kReference, Backend::kOneDnn, Backend::kSaturating};

std::string_view toString(Backend backend);

/// Every operator that `backend` runs. One registerX function for each file of runtime/reference, runtime/ops and
/// runtime/onednn.
KernelRegistry kernelsOf(Backend backend);

}  // namespace quant
