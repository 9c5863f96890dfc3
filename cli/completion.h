#pragma once

#include <CLI/CLI.hpp>
#include <array>
#include <string>
#include <string_view>

namespace quant {

inline constexpr std::array<std::string_view, 3> kShells = {"bash", "zsh", "fish"};

/// A script for `shell`, one of kShells, that completes commands, flags and their values, made from the declarations on
/// `app`.
std::string completionScript(const CLI::App& app, std::string_view shell);

}  // namespace quant
