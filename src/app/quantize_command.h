#pragma once

#include "app/console.h"
#include "app/quantize_options.h"
#include "core/error.h"

namespace quant {

/// `quantize MODEL`: load, prepare, calibrate, plan, rewrite, save, verify, report.
ExitCode quantizeCommand(const QuantizeOptions& options, const Console& console);

}  // namespace quant
