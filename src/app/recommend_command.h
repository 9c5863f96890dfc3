#pragma once

#include "app/console.h"
#include "app/quantize_options.h"
#include "core/error.h"
#include "quantizer/survey.h"

namespace quant {

/// About how many bytes of constants `mode` leaves of a model; int4 with its default blocks where `weight_bits` is 4.
int64_t estimateBytes(const WeightBytes& bytes, Mode mode, int weight_bits = 8);

/// The mode that suits `survey` best, among those of the table, and why, in a few words.
struct Advice {
  Mode mode = Mode::kFp16;
  std::string_view reason;
};
/// Nothing where no mode makes the model smaller.
std::optional<Advice> adviseMode(const ModelSurvey& survey);

/// `quantize MODEL` without a mode: what the model is, what each mode would give and needs, and which one to take.
/// Runs and writes nothing.
ExitCode recommendCommand(const QuantizeOptions& options, const Console& console);

}  // namespace quant
