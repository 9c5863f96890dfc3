#pragma once

#include <optional>
#include <string>

#include "eval/accuracy.h"
#include "eval/isa_effects.h"

namespace quant {

/// The report of `eval --isa-effects` on one model: what becomes of its accuracy, and which layers change. `saturated`
/// is nothing for a model without int8 layers.
std::string isaEffectsText(const std::string& model, const Accuracy& exact, const std::optional<Accuracy>& saturated,
                           const IsaEffects& effects);

}  // namespace quant
