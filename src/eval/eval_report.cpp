#include "eval/eval_report.h"

namespace quant {

std::string_view toString(Metric metric) {
  switch (metric) {
    case Metric::kClasses: return "classes";
    case Metric::kVectors: return "vectors";
    case Metric::kError: return "error";
  }
  return {};
}

}  // namespace quant
