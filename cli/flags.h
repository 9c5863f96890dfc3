#pragma once

#include <CLI/CLI.hpp>

#include "app/eval_command.h"
#include "app/inspect_command.h"
#include "app/quantize_options.h"

namespace quant {

/// Declares the flags of `quantize MODEL` on `app`; parsing fills `options`.
void declareQuantizeFlags(CLI::App& app, QuantizeOptions& options);

/// Declares the flags that say how pictures become inputs, for any command.
void declarePictureFlags(CLI::App& app, PreprocessOptions& options);

/// Declares the flags of `quantize eval MODEL...`.
void declareEvalFlags(CLI::App& app, EvalOptions& options);

/// Declares the flags of `quantize inspect MODEL`.
void declareInspectFlags(CLI::App& app, InspectOptions& options);

}  // namespace quant
