#include "app/mode.h"

#include <algorithm>

#include "quantizer/apply_qdq.h"

namespace quant {

namespace {

constexpr ModeRow kModes[] = {
    {"ptq-int8", Mode::kPtqInt8, "static int8 for CPUs: weights and activations, calibrated on samples", ".int8.onnx",
     kQdqOpset, true, planPtqInt8, applyPtqInt8},
    {"fp16", Mode::kFp16, "half precision for GPUs: float16 wherever it is safe, half the size; needs no samples",
     ".fp16.onnx", 0, false, planHalf, applyHalf},
    {"bf16", Mode::kBf16, "the same with bfloat16, which has the range of float32 but fewer digits", ".bf16.onnx", 0,
     false, planHalf, applyHalf, opsetForBf16},
    {"weight-only", Mode::kWeightOnly, "weights in 8 or 4 bits, computed with in float: small files for any model",
     ".weights.onnx", kQdqOpset, false, planWeightOnly, applyWeightOnly},
    {"dynamic", Mode::kDynamic, "int8 weights for transformers on CPUs; activations become int8 at run time",
     ".dynamic.onnx", kQdqOpset, false, planDynamic, applyDynamic},
};

}  // namespace

std::span<const ModeRow> modes() { return kModes; }

Graph ModeRun::runnableOf(Graph quantized) const {
  if (part == nullptr) return quantized;
  auto same = runnablePartLike(graph, part, quantized);
  return same ? std::move(same->graph) : std::move(quantized);
}

const ModeRow& rowOf(Mode mode) { return *std::ranges::find(kModes, mode, &ModeRow::mode); }

std::filesystem::path outputPath(const QuantizeOptions& options) {
  if (!options.output.empty()) return options.output;
  std::filesystem::path path = options.model;
  path.replace_extension();
  path += rowOf(options.mode).suffix;
  return path;
}

}  // namespace quant
