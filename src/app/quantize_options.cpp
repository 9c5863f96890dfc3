#include "app/quantize_options.h"

#include <algorithm>

namespace quant {

const std::vector<ModeRow>& modes() {
  static const std::vector<ModeRow> kModes = {
      {"ptq-int8", Mode::kPtqInt8, "static int8 for CPUs: weights and activations, calibrated on samples",
       ".int8.onnx"},
  };
  return kModes;
}

const ModeRow& rowOf(Mode mode) { return *std::ranges::find(modes(), mode, &ModeRow::mode); }

std::filesystem::path outputPath(const QuantizeOptions& options) {
  if (!options.output.empty()) return options.output;
  std::filesystem::path path = options.model;
  path.replace_extension();
  path += rowOf(options.mode).suffix;
  return path;
}

}  // namespace quant
