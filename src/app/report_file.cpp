#include "app/report_file.h"

#include "core/error.h"

namespace quant {

ReportFormat reportFormat(const std::filesystem::path& path) {
  const std::filesystem::path ending = path.extension();
  if (ending == ".json") return ReportFormat::kJson;
  if (ending == ".md") return ReportFormat::kMarkdown;
  if (ending == ".html" || ending == ".htm") return ReportFormat::kHtml;
  throwBadInput("the report '{}' has none of the endings .json, .md and .html, which say how it is written",
                path.string());
}

}  // namespace quant
