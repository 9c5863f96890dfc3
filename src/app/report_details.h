#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "calibration/observed.h"
#include "core/range.h"
#include "eval/eval_report.h"
#include "eval/isa_effects.h"
#include "eval/latency.h"

namespace quant {

struct ModeRun;

/// One calibrated value: what was seen of it, and which range each calibration method would have chosen.
struct ObservedValue {
  Observed seen;
  std::map<std::string, Range> methods;  ///< by the method's name
};

/// How large the weights of each output channel of one node are.
struct WeightRanges {
  std::string node;            ///< the node's first output: its key in the plan
  std::string constant;        ///< the initializer
  std::vector<float> largest;  ///< the largest magnitude of each output channel
};

/// What a page shows beyond the plan. Gathered only when a page is asked for: parts of it cost runs of the model.
struct ReportDetails {
  std::vector<std::vector<size_t>> inputs;      ///< for each node of the plan: the nodes whose results it reads
  std::map<std::string, ObservedValue> values;  ///< of the plan's activations; empty without a histogram
  std::vector<WeightRanges> weights;            ///< every node with constant float weights, in the plan's order
  std::optional<BatchLatency> float_latency, latency;
  /// The steps of the float model and of the quantized one, the latter compared with the former.
  std::vector<LayerResult> float_layers, layers;
  std::optional<IsaEffects> isa;  ///< nothing, when no layer has 8-bit weights
};

/// The details of `run`, whose plan is made, from the float model alone.
ReportDetails describePlan(const ModeRun& run);

/// Adds what is measured by running the float model beside `quantized` on the first `samples` samples.
void measureDetails(ReportDetails& details, const ModeRun& run, const Graph& quantized, const Dataset& dataset,
                    size_t samples);

}  // namespace quant
