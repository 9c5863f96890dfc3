#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace quant {

/// --help with a line or two for each flag, in columns: name, type, what it means and its default. CLI11's own lists
/// every check of a value beside the flag's name, which leaves no columns.
class HelpFormatter : public CLI::Formatter {
 public:
  /// `usage`: the lines behind "Usage: ".
  explicit HelpFormatter(std::string usage) : usage_(std::move(usage)) {}

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;

 private:
  std::string usage_;
};

}  // namespace quant
