#pragma once

#include <span>
#include <string_view>

namespace quant {

/// The CPUs that an int8 model is made for.
enum class Target {
  kX86,      ///< any x86, also those whose 16-bit sums of two products saturate
  kX86Vnni,  ///< x86 with VNNI, which adds products in 32 bits
};

struct TargetRow {
  std::string_view name;  ///< as written on the command line and into the model's metadata
  Target target;
  std::string_view summary;      ///< one line for --help
  bool saturation_safe_weights;  ///< no sum of two neighbouring products may leave 16 bits
};

std::span<const TargetRow> targets();
const TargetRow& rowOf(Target target);

}  // namespace quant
