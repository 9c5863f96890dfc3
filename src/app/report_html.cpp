#include "app/report_html.h"

#include <string_view>

#include "app/eval_printers.h"
#include "app/report_template.h"

namespace quant {

namespace {

/// JSON in which no browser finds the end of the script element: "<" stands in strings only.
std::string withoutTags(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::string reportPage(const std::string& json) {
  constexpr std::string_view kPlace = "{{data}}";
  const std::string_view page = kReportTemplate;
  const size_t at = page.find(kPlace);
  return std::string(page.substr(0, at)) + withoutTags(json) + std::string(page.substr(at + kPlace.size()));
}

std::string evalReportHtml(const EvalReport& report) { return reportPage(evalReportJson(report)); }

}  // namespace quant
