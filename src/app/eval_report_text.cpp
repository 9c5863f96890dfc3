#include <fmt/format.h>

#include "app/eval_printers.h"
#include "app/eval_tables.h"
#include "app/isa_effects_text.h"

namespace quant {

namespace {

std::string labelsText(const EvalReport& report) {
  return report.data.labels.empty() ? "no labels" : "labels from " + report.data.labels;
}

std::string cpuText(const EvalReport& report) {
  return fmt::format("{}, {}{}", report.cpu.model, report.cpu.isa, report.cpu.has_vnni ? "" : " (no VNNI)");
}

std::string isaText(const EvalReport& report) {
  std::string text;
  for (const ModelResult& model : report.models) {
    if (model.isa) text += fmt::format("\n{}", isaEffectsText(model));
  }
  return text;
}

}  // namespace

std::string evalReportText(const EvalReport& report) {
  std::string text = fmt::format("{}; {}; {} backend\n", report.data.description, labelsText(report), report.backend);
  for (const Table& table : evalTables(report)) text += fmt::format("\n{}", plainTable(table));
  text += isaText(report);
  for (const std::string& warning : report.warnings) text += fmt::format("\nwarning: {}\n", warning);
  if (!report.gates.empty()) text += '\n';
  for (const GateResult& gate : report.gates) text += toString(gate) + '\n';
  return text;
}

std::string evalReportMarkdown(const EvalReport& report) {
  std::string text = "# Evaluation\n\n";
  text += fmt::format("- Data: {}; {}\n", report.data.description, labelsText(report));
  if (report.baseline) text += fmt::format("- Baseline: {}\n", report.models[*report.baseline].name);
  text += fmt::format("- CPU: {}, {} threads, {} backend\n", cpuText(report), report.cpu.threads, report.backend);
  text += fmt::format("- Program: quantize {}, oneDNN {}\n\n", report.version, report.onednn_version);
  for (const GateResult& gate : report.gates) text += fmt::format("- {} {}\n", gate.failed ? "❌" : "✅", toString(gate));
  if (!report.gates.empty()) text += '\n';
  for (const Table& table : evalTables(report)) text += markdownTable(table);
  if (const std::string isa = isaText(report); !isa.empty())
    text += fmt::format("## CPUs without VNNI\n\n```{}```\n", isa);
  for (const std::string& warning : report.warnings) text += fmt::format("\nWarning: {}\n", warning);
  return text;
}

}  // namespace quant
