#pragma once

#include <CLI/CLI.hpp>

#include "app/compare_command.h"
#include "app/eval_command.h"
#include "app/inspect_command.h"
#include "app/quantize_options.h"

namespace quant {

/// Declares the flags of `quantize MODEL` on `app`; parsing fills `options`.
void declareQuantizeFlags(CLI::App& app, QuantizeOptions& options);

/// Declares the flags that say how pictures become inputs, for any command.
void declarePictureFlags(CLI::App& app, PreprocessOptions& options);

/// Declares the flags that name samples, for the commands that run models: the folder is required.
void declareDataFlags(CLI::App& app, DataOptions& options);

/// Declares the flags of `quantize eval MODEL...`.
void declareEvalFlags(CLI::App& app, EvalOptions& options);

/// Declares the flags of `quantize compare MODEL MODEL`.
void declareCompareFlags(CLI::App& app, CompareOptions& options);

/// Declares the flags of `quantize inspect MODEL`.
void declareInspectFlags(CLI::App& app, InspectOptions& options);

}  // namespace quant
