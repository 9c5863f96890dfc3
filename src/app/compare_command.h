#pragma once

#include <filesystem>
#include <vector>

#include "app/console.h"
#include "app/quantize_options.h"
#include "core/error.h"

namespace quant {

inline constexpr size_t kDefaultComparedSamples = 16;
inline constexpr double kDefaultPartingDecibels = 20;

/// Everything the user asked `quantize compare` for.
struct CompareOptions {
  std::filesystem::path baseline, model;
  DataOptions data;
  double below = kDefaultPartingDecibels;  ///< where values count as different
  bool json = false;
  std::vector<std::filesystem::path> reports;
};

/// `quantize compare A B`: value by value, where two forms of one network part.
ExitCode compareCommand(const CompareOptions& options, const Console& console);

}  // namespace quant
