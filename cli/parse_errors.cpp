#include "parse_errors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "core/edit_distance.h"
#include "flag_list.h"

namespace quant {

namespace {

/// "a, b and c"
std::string listOf(const std::vector<std::string>& words) {
  if (words.size() < 2) return words.empty() ? "" : words.front();
  return fmt::format("{} and {}", fmt::join(words.begin(), words.end() - 1, ", "), words.back());
}

/// The candidate that `word` may be a slip of: one begins with the other, or they differ in a letter or two.
std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& candidates) {
  constexpr size_t kMostEdits = 2;
  const size_t letters = word.size() - std::min(word.find_first_not_of('-'), word.size());
  if (letters < 2) return std::nullopt;
  const auto distance = [&](const std::string& candidate) {
    return candidate.starts_with(word) || word.starts_with(candidate) ? size_t{1} : editDistance(word, candidate);
  };
  const auto best = std::ranges::min_element(candidates, {}, distance);
  if (best == candidates.end() || distance(*best) > std::min(kMostEdits, letters / 2)) return std::nullopt;
  return *best;
}

std::vector<std::string> longFlagsOf(const CLI::App& command) {
  std::vector<std::string> names;
  for (const FlagInfo& flag : flagsOf(command)) {
    if (!flag.names.empty()) names.push_back(flag.names.back());
  }
  return names;
}

std::string titleOf(const CLI::App& app, const CLI::App& command) {
  return &app == &command ? "quantize" : "quantize " + command.get_name();
}

/// Commands, quantize itself among them, that have the flag `name`.
std::vector<std::string> commandsWith(const CLI::App& app, const std::string& name) {
  std::vector<std::string> titles;
  const auto look = [&](const CLI::App& command) {
    if (std::ranges::count(longFlagsOf(command), name) > 0) titles.push_back(titleOf(app, command));
  };
  look(app);
  for (const CLI::App* command : app.get_subcommands({})) look(*command);
  return titles;
}

std::string unknownFlag(const CLI::App& app, const CLI::App& command, const std::string& argument) {
  const std::string flag = argument.substr(0, argument.find('='));
  std::string text = &app == &command ? fmt::format("there is no flag {}", flag)
                                      : fmt::format("{} has no flag {}", command.get_name(), flag);
  if (const auto meant = nearest(flag, longFlagsOf(command))) return text + fmt::format("; did you mean {}?", *meant);
  const auto others = commandsWith(app, flag);
  return others.empty() ? text : text + fmt::format(" (a flag of {})", listOf(others));
}

/// `quantize inspct model.onnx`: the first word is taken for a model.
std::optional<std::string> mistypedCommand(const CLI::App& app) {
  const auto words = app.get_option("model")->results();
  if (words.empty() || std::filesystem::exists(words.front())) return std::nullopt;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  const auto meant = nearest(words.front(), names);
  if (!meant) return std::nullopt;
  return fmt::format("there is no command '{}'; did you mean {}?", words.front(), *meant);
}

/// Arguments that nothing takes; nothing when there are none.
std::optional<std::string> unexpected(const CLI::App& app, const CLI::App& command) {
  const auto extras = app.remaining(true);
  if (extras.empty()) return std::nullopt;
  const auto is_flag = [](const std::string& word) { return word.size() > 1 && word.front() == '-'; };
  const auto flag = std::ranges::find_if(extras, is_flag);
  if (flag != extras.end()) return unknownFlag(app, command, *flag);
  if (&app == &command) {
    if (auto text = mistypedCommand(app)) return text;
  }
  return fmt::format("nothing takes the argument '{}'", extras.front());
}

/// The names of what has to be given and is not: "MODEL... and --data DIR".
std::string missingOf(const CLI::App& command) {
  std::vector<std::string> missing;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    const std::string value = valueNameOf(*option);
    missing.push_back(option->get_positional() ? value : fmt::format("--{} {}", option->get_lnames().front(), value));
  }
  return listOf(missing);
}

/// "--mode" of a message that begins with the name of a flag.
std::string flagIn(const std::string& message) { return message.substr(0, message.find_first_of(": ")); }

std::string reasonOf(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
  const std::string message = error.what();
  if (const auto text = unexpected(app, command)) return *text;
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    const std::string missing = missingOf(command);
    return missing.empty() ? message : fmt::format("{} needs {}", command.get_name(), missing);
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr && message.ends_with(" missing")) {
    return fmt::format("{} needs a value", flagIn(message));
  }
  const size_t equals = message.find(" = ");
  if (const std::string start = "Could not convert: "; message.starts_with(start) && equals != std::string::npos) {
    return fmt::format("{}: '{}' is not a number that fits", message.substr(start.size(), equals - start.size()),
                       message.substr(equals + 3));
  }
  return message;
}

CLI::Validator numberCheck(bool zero_too) {
  const auto check = [zero_too](const std::string& text) {
    double number = 0;
    const bool fits = CLI::detail::lexical_cast(text, number) && (number > 0 || (zero_too && number == 0));
    return fits ? "" : fmt::format("'{}' is not a number {}", text, zero_too ? "from 0 up" : "above 0");
  };
  return CLI::Validator(check, "");
}

}  // namespace

std::string explained(const CLI::App& app, const CLI::ParseError& error) {
  const auto parsed = app.get_subcommands();
  const CLI::App& command = parsed.empty() ? app : *parsed.front();
  return fmt::format("{}; see {} --help", reasonOf(app, command, error), titleOf(app, command));
}

CLI::Validator aboveZero() { return numberCheck(false); }

CLI::Validator notNegative() { return numberCheck(true); }

}  // namespace quant
