#pragma once

#include <span>

#include "app/console.h"
#include "app/quantize_options.h"
#include "app/quantize_report.h"
#include "calibration/input_moments.h"
#include "calibration/statistics.h"
#include "dataset/dataset.h"
#include "graph/graph.h"
#include "runtime/runnable_part.h"

namespace quant {

/// What a mode works with while it decides: it fills `report.plan`, and what else it has to say, and changes nothing.
struct ModeRun {
  const Graph& graph;  ///< the float model, prepared by the passes
  const QuantizeOptions& options;
  const Dataset* dataset;  ///< null when no samples were given
  const Console& console;
  QuantizeReport& report;
  FloatOutputs outputs = {};           ///< of the samples to verify with, where deciding gave them by the way
  StatisticsTable statistics = {};     ///< what calibration saw, kept only for a report that shows it
  MomentsTable moments = {};           ///< of what weights are multiplied with, for modes that choose integers by them
  const RunnablePart* part = nullptr;  ///< of `graph`; null where all of it can be run

  /// What is run of the float model.
  [[nodiscard]] const Graph& runnable() const { return part == nullptr ? graph : part->graph; }
  /// What is run of a model made from it: the same outputs.
  [[nodiscard]] Graph runnableOf(Graph quantized) const;
};

/// A way to quantize: one row of the table, and a file mode_*.cpp with its two functions.
struct ModeRow {
  std::string_view name;  ///< as written on the command line
  Mode mode;
  std::string_view summary;  ///< one line for --help
  std::string_view suffix;   ///< of the default output: model.int8.onnx
  int64_t opset;             ///< the model is raised to at least this version
  bool needs_samples;        ///< else samples are welcome, if only to verify with
  void (*plan)(ModeRun& run);
  void (*apply)(Graph& graph, const ModeRun& run);  ///< rewrites as the plan says
  int64_t (*opset_for)(const Graph&) = nullptr;     ///< where the version depends on the model's operators
};

std::span<const ModeRow> modes();
const ModeRow& rowOf(Mode mode);

/// `options.output`, or the default beside the model.
std::filesystem::path outputPath(const QuantizeOptions& options);

// --- the modes, one file each -------------------------------------------------------------------------------------
void planPtqInt8(ModeRun& run);
void applyPtqInt8(Graph& graph, const ModeRun& run);
void planHalf(ModeRun& run);  // fp16 and bf16
void applyHalf(Graph& graph, const ModeRun& run);
int64_t opsetForBf16(const Graph& graph);
void planWeightOnly(ModeRun& run);
void applyWeightOnly(Graph& graph, const ModeRun& run);

void planDynamic(ModeRun& run);
void applyDynamic(Graph& graph, const ModeRun& run);

}  // namespace quant
