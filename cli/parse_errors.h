#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace quant {

/// What is wrong with a command line, in one line that names the command's help: which flag there is not and which one
/// may be meant, what is missing, which value does not fit. `app` has been parsed up to `error`.
std::string explained(const CLI::App& app, const CLI::ParseError& error);

/// Checks of numbers whose messages say what was expected: "'0' is not a number above 0".
CLI::Validator aboveZero();
CLI::Validator notNegative();

}  // namespace quant
