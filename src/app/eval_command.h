#pragma once

#include <filesystem>
#include <vector>

#include "app/console.h"
#include "app/quantize_options.h"
#include "core/error.h"
#include "runtime/backend.h"

namespace quant {

/// Everything the user asked `quantize eval` for.
struct EvalOptions {
  std::vector<std::filesystem::path> models;
  DataOptions data;
  Backend backend = Backend::kOneDnn;
  int latency_runs = 50;     ///< 0: no latency
  bool isa_effects = false;  ///< what other programs compute on CPUs without VNNI
};

/// `quantize eval MODEL...`: top-1, top-5, latency and size of one or several models on the same labelled samples.
ExitCode evalCommand(const EvalOptions& options, const Console& console);

}  // namespace quant
