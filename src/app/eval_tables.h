#pragma once

#include <vector>

#include "app/table.h"
#include "eval/eval_report.h"

namespace quant {

/// What a report says in tables, most important first; tables without rows are left out. The printers for terminals and
/// Markdown show the same ones.
std::vector<Table> evalTables(const EvalReport& report);

/// "top1_drop > 1.0 failed: model.int8.onnx has 1.25 points".
std::string toString(const GateResult& gate);

}  // namespace quant
