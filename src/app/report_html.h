#pragma once

#include <string>

#include "app/quantize_report.h"
#include "eval/eval_report.h"

namespace quant {

/// The report of `quantize MODEL` as one page that needs nothing else: opened from disk it shows plots and tables.
std::string quantizeReportHtml(const QuantizeReport& report);

/// The report of `quantize eval`, as a page as well.
std::string evalReportHtml(const EvalReport& report);

/// The page that holds `json`, which a script in it draws. Whatever stands in the JSON stays data.
std::string reportPage(const std::string& json);

}  // namespace quant
