#include "app/predictions.h"

#include <fmt/ranges.h>

#include "eval/summarize.h"

namespace quant {

namespace {

/// As RFC 4180 has it.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string classRow(const SampleInfo& sample, const SampleRun& run) {
  return fmt::format("{},{},{},{}", sample.label ? fmt::format("{}", *sample.label) : "", run.best.at(0), run.score,
                     fmt::join(run.best, " "));
}

std::string neighbourName(const ModelRuns& runs, const std::vector<size_t>& neighbours, size_t sample) {
  return neighbours.empty() ? "" : field(runs.samples[neighbours[sample]].name);
}

}  // namespace

std::string predictionsCsv(Metric metric, const std::vector<std::string>& names, const ModelRuns& runs,
                           std::optional<size_t> baseline, const std::vector<std::vector<size_t>>& neighbours) {
  std::string text = metric == Metric::kClasses ? "model,sample,label,prediction,score,top5\n"
                     : metric == Metric::kError ? "model,sample,output,sqnr_db,cosine,max_error,mean_error\n"
                     : baseline                 ? "model,sample,cosine,nearest,baseline_nearest\n"
                                                : "model,sample,nearest\n";
  for (size_t m = 0; m < runs.models.size(); ++m) {
    for (size_t i = 0; i < runs.samples.size(); ++i) {
      const SampleRun& run = runs.models[m].samples[i];
      const std::string start = fmt::format("{},{},", field(names[m]), field(runs.samples[i].name));
      if (metric == Metric::kClasses) text += fmt::format("{}{}\n", start, classRow(runs.samples[i], run));
      if (metric == Metric::kVectors) {
        const std::string nearest = neighbourName(runs, neighbours[m], i);
        text += !baseline
                    ? start + nearest + '\n'
                    : fmt::format("{}{},{},{}\n", start, cosineOf(runs.models[*baseline].samples[i].vector, run.vector),
                                  nearest, neighbourName(runs, neighbours[*baseline], i));
      }
      for (size_t output = 0; metric == Metric::kError && output < run.outputs.size(); ++output) {
        const Agreement& agreement = run.outputs[output];
        text += fmt::format("{}{},{},{},{},{}\n", start, field(runs.models[m].outputs[output]), agreement.sqnr(),
                            agreement.cosine(), agreement.maxError(), agreement.meanError());
      }
    }
  }
  return text;
}

}  // namespace quant
