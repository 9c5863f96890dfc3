#include <algorithm>
#include <array>

#include "flags.h"
#include "parse_errors.h"

namespace quant {

namespace {

constexpr const char* kModelGroup = "Model";
constexpr const char* kDataGroup = "Samples";
constexpr const char* kMeasureGroup = "What is measured";
constexpr const char* kResultGroup = "Results";

constexpr std::array kMetrics = {Metric::kClasses, Metric::kVectors, Metric::kError};

void declareLabelFlags(CLI::App& app, DataOptions& options) {
  app.add_option("--labels", options.labels,
                 "Lines of path and label (CSV, TSV), or an array in the order of the sorted files (.npy). Default: "
                 "labels.csv, labels.tsv or labels.npy in DIR, else a folder for each class")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->group(kDataGroup);
  app.add_option("--classes", options.classes, "Class folders in index order, one a line (default: alphabetical)")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->group(kDataGroup);
}

void declareBackendFlag(CLI::App& app, EvalOptions& options) {
  const auto set_backend = [&options](const std::string& name) {
    options.backend = *std::ranges::find(kBackends, name, [](Backend backend) { return toString(backend); });
  };
  std::vector<std::string> names;
  for (const Backend backend : kBackends) names.emplace_back(toString(backend));
  app.add_option_function<std::string>(
         "--backend", set_backend,
         "How the models are computed for accuracy; latency is always onednn's"
         "\nonednn: fast, and exact on every CPU"
         "\nreference: plain loops, slow"
         "\nsaturating: as other programs compute int8 on CPUs without VNNI, with 16-bit sums of pairs")
      ->type_name("NAME")
      ->check(CLI::IsMember(names))
      ->default_str("onednn")
      ->group(kMeasureGroup);
}

void declareMetricFlag(CLI::App& app, EvalOptions& options) {
  const auto set_metric = [&options](const std::string& name) {
    options.metric = *std::ranges::find(kMetrics, name, [](Metric metric) { return toString(metric); });
  };
  std::vector<std::string> names;
  for (const Metric metric : kMetrics) names.emplace_back(toString(metric));
  app.add_option_function<std::string>(
         "--metric", set_metric,
         "What an output is taken for (default: what suits the outputs' names, types and shapes)"
         "\nclasses: scores; top-1 and top-5, or agreement where there are no labels"
         "\nvectors: cosine and nearest neighbours, of sentences their mean over the attention mask"
         "\nerror: only SQNR, cosine, largest and mean error of each output")
      ->type_name("NAME")
      ->check(CLI::IsMember(names))
      ->group(kMeasureGroup);
}

void declareMeasureFlags(CLI::App& app, EvalOptions& options) {
  declareMetricFlag(app, options);
  app.add_option(
         "--metric-output", options.metric_output,
         "The output that holds scores or vectors (default: the first row of class scores, where there are labels; "
         "else the first output)")
      ->type_name("NAME")
      ->group(kMeasureGroup);
  declareBackendFlag(app, options);
  app.add_option("--latency-runs", options.latency_runs, "Timed runs of each model; 0 for none")
      ->type_name("N")
      ->check(notNegative())
      ->capture_default_str()
      ->group(kMeasureGroup);
  app.add_option("--batch-sizes", options.batch_sizes, "Samples a run, for latency: 1,8")
      ->type_name("N,...")
      ->delimiter(',')
      ->check(aboveZero())
      ->allow_extra_args(false)
      ->take_all()
      ->default_str("1")
      ->group(kMeasureGroup);
  app.add_flag("--layers", options.layers, "Also time each step, and compare each value with the baseline's")
      ->group(kMeasureGroup);
  app.add_flag("--isa-effects", options.isa_effects,
               "Also report, layer by layer, what other programs compute on CPUs without VNNI")
      ->group(kMeasureGroup);
}

void declareEvalResultFlags(CLI::App& app, EvalOptions& options) {
  app.add_option("--fail-if", options.gates,
                 "End with exit code 1 when this holds for a model other than the baseline: \"top1_drop > 1.0\", "
                 "\"p50 > 5 ms\", \"size_ratio > 0.3\"; may be repeated")
      ->type_name("CONDITION")
      ->take_all()
      ->allow_extra_args(false)
      ->group(kResultGroup);
  app.add_option("--report", options.reports,
                 "Write all that was found; the ending says how: .json, .md or .html; may be repeated")
      ->type_name("FILE")
      ->take_all()
      ->allow_extra_args(false)
      ->group(kResultGroup);
  app.add_option("--predictions", options.predictions, "Write what each model says of each sample, as CSV")
      ->type_name("FILE")
      ->group(kResultGroup);
}

}  // namespace

void declareDataFlags(CLI::App& app, DataOptions& options) {
  app.add_option("--data", options.folder, "Samples: a folder of JPEG or PNG pictures, .npy, .npz or .pb files")
      ->type_name("DIR")
      ->required()
      ->check(CLI::ExistingPath)
      ->group(kDataGroup);
  app.add_option("--samples", options.max_samples, "Take N of them, evenly spread; 0 for all")
      ->type_name("N")
      ->check(notNegative())
      ->capture_default_str()
      ->group(kDataGroup);
}

void declareEvalFlags(CLI::App& app, EvalOptions& options) {
  app.add_option("models", options.models, "ONNX models to compare, float or quantized by any tool")
      ->type_name("MODEL...")
      ->required()
      ->take_all()
      ->group(kModelGroup);
  app.add_option("--baseline", options.baseline,
                 "What the others are compared with (default: the first of several models)")
      ->type_name("MODEL")
      ->group(kModelGroup);
  declareDataFlags(app, options.data);
  declareLabelFlags(app, options.data);
  declarePictureFlags(app, options.data.preprocess);
  declareMeasureFlags(app, options);
  declareEvalResultFlags(app, options);
}

}  // namespace quant
