#include <cmath>

#include "app/quantize_report.h"
#include "core/files.h"

namespace quant {

namespace {

/// Text in a cell: a bar would end it, a line break the row.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

std::string row(std::string_view title, const std::string& text) {
  return text.empty() ? "" : fmt::format("| {} | {} |\n", title, cell(text));
}

std::string overviewText(const QuantizeReport& report) {
  std::string text = "| | |\n| --- | --- |\n";
  text += row("model", fmt::format("{}, {}", report.model.string(), humanSize(report.model_bytes)));
  text += row("result", fmt::format("{}, {} ({:.1f} %)", report.output.string(), humanSize(report.output_bytes),
                                    100.0 * static_cast<double>(report.output_bytes) /
                                        static_cast<double>(std::max<uint64_t>(report.model_bytes, 1))));
  text += row("mode", report.mode);
  if (!report.calibration.method.empty()) {
    text += row("calibrated", fmt::format("{}: {}", report.calibration.method, report.calibration.source));
  }
  text += row("pictures", report.calibration.preprocess);
  for (const Verification& verification : report.verifications) {
    for (const OutputAgreement& output : verification.outputs) {
      text += row(fmt::format("output `{}`", output.output),
                  fmt::format("{}; {} samples, backend {}", agreementText(output), verification.samples,
                              toString(verification.backend)));
    }
  }
  text += row("not run", report.not_run);
  text += row("not verified", report.not_verified);
  text += row("CPU", fmt::format("{}, {}, {} threads", report.cpu.model, report.cpu.isa, report.cpu.threads));
  text += row("took", fmt::format("{:.1f} s, peak memory {}", report.total_seconds, humanSize(report.peak_memory)));
  return text;
}

std::string nodesText(const QuantizationPlan& plan) {
  std::string text = "| node | operator | what happens | why |\n| --- | --- | --- | --- |\n";
  for (const NodePlacement& node : plan.nodes) {
    text += fmt::format("| {} | {} | {} | {} |\n", cell(node.label), cell(node.op_type), toString(node.treatment),
                        cell(node.reason));
  }
  return text;
}

}  // namespace

std::string reportMarkdown(const QuantizeReport& report) {
  std::string text =
      fmt::format("# {} as {}\n\n{}", report.model.filename().string(), report.mode, overviewText(report));
  for (const std::string& warning : report.plan.warnings) text += fmt::format("\n**Warning:** {}\n", warning);
  return text + "\n## Nodes\n\n" + nodesText(report.plan);
}

}  // namespace quant
