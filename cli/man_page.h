#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace quant {

/// quantize(1) in man's language, made from the declarations on `app` and its commands.
std::string manPage(const CLI::App& app, const std::string& version);

}  // namespace quant
