#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/isa_effects.h"
#include "runtime/cpu.h"
#include "runtime/macs.h"

namespace quant {

/// The bounds of a 95 % confidence interval.
struct Interval {
  double low = 0, high = 0;
};

/// What the models' outputs are taken for.
enum class Metric {
  kClasses,  ///< scores of classes: top-1, top-5
  kVectors,  ///< vectors that stand for the sample: cosine, nearest neighbours
  kError,    ///< anything else: only how far each output is from the baseline's
};

/// One class of the labels, and how many of its samples a model gets right.
struct ClassAccuracy {
  int64_t label = 0;
  std::string name;  ///< empty when nothing names the classes
  int64_t samples = 0;
  int64_t top1 = 0;
};

/// What a classifier gets right.
struct AccuracyResult {
  int64_t samples = 0;                 ///< with a label
  int64_t top1 = 0;                    ///< label is the best score
  int64_t top5 = 0;                    ///< label is among the five best
  Interval top1_interval;              ///< in percent; Wilson's score interval
  std::vector<ClassAccuracy> classes;  ///< those that have samples, by label

  [[nodiscard]] double top1Percent() const { return percent(top1); }
  [[nodiscard]] double top5Percent() const { return percent(top5); }

 private:
  [[nodiscard]] double percent(int64_t count) const {
    return samples == 0 ? 0 : 100.0 * static_cast<double>(count) / static_cast<double>(samples);
  }
};

/// What a model loses against the baseline on the same labelled samples, in percentage points; negative when it gains.
struct AccuracyDrop {
  double top1 = 0, top5 = 0;
  Interval top1_interval;  ///< of the drop, paired: Tango's score interval
  int64_t lost = 0;        ///< samples that only the baseline gets right
  int64_t gained = 0;      ///< samples that only this model gets right

  /// True when zero lies outside the interval: the samples show a difference.
  [[nodiscard]] bool isSignificant() const { return top1_interval.low > 0 || top1_interval.high < 0; }
};

/// How near the vectors of a model are to the baseline's.
struct VectorAgreement {
  std::string of;  ///< how a vector comes from the outputs: "mean of 'last_hidden_state' over 'attention_mask', ..."
  double cosine_mean = 0, cosine_min = 0;
  std::string worst_sample;              ///< the one with `cosine_min`
  std::optional<double> same_neighbour;  ///< percent of the samples whose nearest other sample is the same one
  std::optional<Interval> same_neighbour_interval;
};

/// How near one output of a model is to the baseline's, over all samples.
struct OutputError {
  std::string output;
  double sqnr = 0;  ///< dB; infinite when equal; NaN, as the others, when all samples were left out
  double cosine = 0, max_error = 0, mean_error = 0;
  int64_t new_non_finite = 0;    ///< elements that are NaN or infinite where the baseline's are not
  int64_t other_shapes = 0;      ///< samples whose output has another shape than the baseline's: they are left out
  std::string other_shape = {};  ///< of the first of them: "[7,4] instead of [8,4]"
};

/// Times of single runs on batches of one size, in milliseconds.
struct BatchLatency {
  int batch = 1;
  int runs = 0;
  double p50 = 0, p90 = 0, p99 = 0, mean = 0, min = 0, max = 0;
  double spread = 0;      ///< standard deviation
  double throughput = 0;  ///< samples a second, at the median
};

/// One step of the model as it runs, and how near its result is to the same value of the baseline.
struct LayerResult {
  std::string node;
  std::string op_type;      ///< as it runs: "QLinearConv"
  std::string type;         ///< of the result's elements: "uint8", "float"
  std::string value;        ///< its result
  double milliseconds = 0;  ///< of one run
  double time_share = 0;    ///< of all steps, 0..1
  /// The baseline's value that this one stands for. Empty: there is none, and nothing is compared.
  std::string baseline_value;
  double sqnr = 0, cosine = 0, max_error = 0;
};

/// What other programs compute on CPUs without VNNI.
struct IsaResult {
  IsaEffects effects;
  std::optional<double> same_top1;         ///< percent of the samples: the same class as with exact sums
  std::optional<AccuracyResult> accuracy;  ///< there, when there are labels
};

/// All about one model.
struct ModelResult {
  std::string path;
  std::string name;    ///< short and different for each model: "model.int8.onnx"
  std::string sha256;  ///< of the file, as sha256sum prints it; empty when no report file asks for it
  uint64_t bytes = 0;  ///< with external data
  int64_t opset = 0;
  std::string mode;  ///< what `quantize` made it with: "ptq-int8"; empty for other models

  std::optional<AccuracyResult> accuracy;
  std::optional<double> same_top1;  ///< percent of the samples: the same class as the baseline
  std::optional<AccuracyDrop> drop;
  std::optional<VectorAgreement> vectors;
  std::vector<OutputError> outputs;  ///< against the baseline; empty for the baseline itself

  Macs macs;  ///< of one sample
  std::vector<BatchLatency> latency;
  double load_ms = 0;                   ///< from the file to a graph that is ready to be compiled
  double first_run_ms = 0;              ///< compilation and the first run
  uint64_t buffer_bytes = 0;            ///< memory of intermediate values, batch size 1
  std::optional<uint64_t> peak_memory;  ///< of a process that only loads the model and runs it

  std::vector<LayerResult> layers;  ///< in the order of the steps; empty without --layers
  std::optional<IsaResult> isa;     ///< with --isa-effects
};

/// One condition of `--fail-if` and what it found.
struct GateResult {
  std::string condition;  ///< as written: "top1_drop > 1.0"
  std::string model;
  double value = 0;  ///< in the unit of the condition
  std::string unit;  ///< "ms", "MB", "%"; empty for plain numbers
  bool failed = false;
};

/// What one `quantize eval` found. Pure data: printers only format it.
struct EvalReport {
  std::string version;  ///< of this program
  std::string onednn_version;
  std::vector<std::string> arguments;  ///< of the command
  std::string backend;
  CpuInfo cpu;

  struct Data {
    std::string path;
    std::string description;  ///< "400 samples (pictures), 1000 classes of 'classes.txt'"
    std::string labels;       ///< where labels come from: "class folders", "labels.csv"; empty: there are none
    std::string sha256;       ///< of what `sha256sum` prints for its files in order; empty when no report asks for it
    size_t samples = 0;
    std::string preprocess;    ///< as text; empty for data that is not preprocessed
    double preprocess_ms = 0;  ///< median time to read and prepare one sample, on one thread
  } data;

  Metric metric = Metric::kClasses;
  std::string metric_output;       ///< what the metric is about; empty for kError
  std::optional<size_t> baseline;  ///< index in `models`; nothing when there is nothing to compare
  std::vector<ModelResult> models;
  std::vector<GateResult> gates;
  std::vector<std::string> warnings;
  double seconds = 0;
};

std::string_view toString(Metric metric);

}  // namespace quant
