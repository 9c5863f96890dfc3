#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eval/eval_report.h"

namespace quant {

/// A condition under which `eval` fails: "top1_drop > 1.0", "p50@8 > 5 ms".
struct Gate {
  enum class Comparison { kGreater, kGreaterEqual, kLess, kLessEqual };

  std::string text;  ///< as written
  std::string name;  ///< a name of gateNames()
  int batch = 0;     ///< of times; 0: the first batch size
  Comparison comparison = Comparison::kGreater;
  double limit = 0;   ///< in `unit`
  std::string unit;   ///< as written, else the usual one; empty for plain numbers
  double factor = 1;  ///< of `unit`, in the report's own unit
};

/// What a gate may speak of.
struct GateName {
  std::string_view name;
  std::string_view summary;
};

std::vector<GateName> gateNames();

/// "NAME > NUMBER [UNIT]", also with >=, < and <=. Throws (bad input) with what was expected; for an unknown name with
/// all names.
Gate parseGate(const std::string& text);

/// What an evaluation will have measured.
struct Measured {
  bool baseline = false, labels = false, layers = false, isa_effects = false;
  Metric metric = Metric::kClasses;
  std::vector<int> batch_sizes;  ///< empty: no latency
};

/// Throws (bad input) with what is missing when `gate` speaks of something that will not be measured. To be asked
/// before long work.
void requireMeasured(const Gate& gate, const Measured& measured);

/// Each gate on each model but the baseline; on the baseline when it is alone. A value that is not a number fails.
std::vector<GateResult> judge(const std::vector<Gate>& gates, const EvalReport& report);

}  // namespace quant
