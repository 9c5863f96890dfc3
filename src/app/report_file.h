#pragma once

#include <filesystem>

namespace quant {

/// How a report is written; the ending of its file's name says it.
enum class ReportFormat {
  kJson,      ///< .json: for programs
  kMarkdown,  ///< .md: for a page of text
  kHtml,      ///< .html: for a browser, with plots
};

/// Throws (bad input) for other endings.
ReportFormat reportFormat(const std::filesystem::path& path);

}  // namespace quant
