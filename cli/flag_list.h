#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace quant {

/// One flag or positional as the declarations say it: what help, completions and the man page are made from.
struct FlagInfo {
  std::vector<std::string> names;  ///< "-o", "--output"; empty for a positional
  std::string value;               ///< "FILE"; empty for a flag without a value
  std::vector<std::string> choices;
  std::string description;  ///< first line with the default, then a line for each choice
  std::string group;
  bool repeats = false;
};

/// "FILE" of CLI11's "FILE:PATH(existing)".
std::string valueNameOf(const CLI::Option& option);

/// The description, with the default at the end of its first line.
std::string descriptionOf(const CLI::Option& option);

/// Flags of `app` in the order of --help: by group, positionals among them.
std::vector<FlagInfo> flagsOf(const CLI::App& app);

/// The groups in the order of --help: CLI11's own, "Options", last.
std::vector<std::string> groupsOf(const CLI::App& app);

}  // namespace quant
