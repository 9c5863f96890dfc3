#pragma once

#include <string_view>

namespace quant {

/// src/app/report/page.html with its style and scripts in it, put there by the build; "{{data}}" marks the place of the
/// numbers.
extern const std::string_view kReportTemplate;

}  // namespace quant
