#include "app/compare_command.h"

#include "app/compare_printers.h"
#include "app/eval_models.h"
#include "app/report_file.h"
#include "core/files.h"

namespace quant {

namespace {

void requireTargets(const std::vector<std::filesystem::path>& reports) {
  for (const auto& path : reports) {
    if (reportFormat(path) == ReportFormat::kHtml) {
      throwBadInput("the report '{}' cannot be a page: compare writes .json and .md", path.string());
    }
    requireWritable(path);
  }
}

std::string printed(const CompareReport& report, ReportFormat format) {
  return format == ReportFormat::kJson ? compareReportJson(report) : compareReportMarkdown(report);
}

CompareReport compare(const CompareOptions& options, const Console& console) {
  const std::vector<std::filesystem::path> paths = {options.baseline, options.model};
  const ModelList list = listModels(paths, "");
  std::vector<EvalModel> models;
  for (const auto& path : paths) models.push_back(loadEvalModel(path));
  CompareReport report;
  report.not_run = keepRunnable(models, list.names, 0);
  openEvalData(models, options.data);

  for (size_t i = 0; i < models.size(); ++i) report.models.push_back({paths[i].string(), list.names[i]});
  const Dataset& dataset = *models.front().dataset;
  report.data = dataset.description();
  if (dataset.preprocess()) report.preprocess = toString(*dataset.preprocess());
  report.below = options.below;
  report.comparison =
      compareModels({list.names[0], &models[0].graph, models[0].dataset.get()},
                    {list.names[1], &models[1].graph, models[1].dataset.get()}, console.progress("comparing"));
  return report;
}

}  // namespace

ExitCode compareCommand(const CompareOptions& options, const Console& console) {
  requireTargets(options.reports);
  const CompareReport report = compare(options, console);
  for (const auto& path : options.reports) writeFile(path, printed(report, reportFormat(path)));
  console.out << (options.json ? compareReportJson(report) : compareReportText(report));
  return ExitCode::kOk;
}

}  // namespace quant
