#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "app/console.h"
#include "core/error.h"

namespace quant {

/// Everything the user asked `quantize inspect` for.
struct InspectOptions {
  std::filesystem::path model;
  bool json = false;
  bool all_layers = false;
  std::map<std::string, int64_t> sizes;  ///< of axes that only a run can tell
};

/// `quantize inspect MODEL`: what stands in the file, in one screen; nothing is run.
ExitCode inspectCommand(const InspectOptions& options, const Console& console);

}  // namespace quant
