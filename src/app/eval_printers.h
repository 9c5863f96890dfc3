#pragma once

#include <string>

#include "eval/eval_report.h"

namespace quant {

/// Everything, as JSON; docs/eval-report.schema.json describes it.
std::string evalReportJson(const EvalReport& report);

/// Tables for a terminal.
std::string evalReportText(const EvalReport& report);

/// The same tables as Markdown, under what was run where.
std::string evalReportMarkdown(const EvalReport& report);

}  // namespace quant
