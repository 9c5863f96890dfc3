#pragma once

#include <cstddef>
#include <string_view>

namespace quant {

/// How many letters to insert, delete or replace to turn `a` into `b` (Levenshtein's distance).
size_t editDistance(std::string_view a, std::string_view b);

}  // namespace quant
