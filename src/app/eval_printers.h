#pragma once

#include <string>

#include "eval/eval_report.h"

namespace quant {

/// Everything, as JSON; docs/eval-report.schema.json describes it.
std::string evalReportJson(const EvalReport& report);

}  // namespace quant
