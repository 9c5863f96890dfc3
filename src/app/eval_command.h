#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/console.h"
#include "app/gates.h"
#include "app/quantize_options.h"
#include "core/error.h"
#include "runtime/backend.h"

namespace quant {

/// Everything the user asked `quantize eval` for.
struct EvalOptions {
  std::vector<std::filesystem::path> models;
  std::filesystem::path baseline;  ///< empty: the first model, where there are several
  DataOptions data;
  Backend backend = Backend::kOneDnn;
  std::optional<Metric> metric;  ///< nothing: what suits the model
  std::string metric_output;     ///< what the metric is about; empty: what suits
  int latency_runs = 50;         ///< 0: no latency
  std::vector<int> batch_sizes = {1};
  bool layers = false;
  bool isa_effects = false;  ///< what other programs compute on CPUs without VNNI
  std::vector<std::string> gates;
  std::vector<std::filesystem::path> reports;
  std::filesystem::path predictions;
  std::string version;                 ///< of this program
  std::vector<std::string> arguments;  ///< of the command, for the report
};

/// `quantize eval MODEL...`: accuracy, latency and size of one or several models on the same samples, side by side.
/// Throws (a check failed) with the gates that failed, after everything was written.
ExitCode evalCommand(const EvalOptions& options, const Console& console);

}  // namespace quant
