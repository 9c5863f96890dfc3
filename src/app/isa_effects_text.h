#pragma once

#include <string>

#include "eval/eval_report.h"

namespace quant {

/// The report of `eval --isa-effects` on one model that has one: what becomes of its accuracy, and which layers change.
std::string isaEffectsText(const ModelResult& model);

}  // namespace quant
