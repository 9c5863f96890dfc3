#include "flag_list.h"

#include <fmt/format.h>

#include <algorithm>

namespace quant {

namespace {

/// "a", "b" of "NAME:{a,b}".
std::vector<std::string> choicesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t begin = type.find(":{"), end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return {};
  std::vector<std::string> choices = CLI::detail::split(type.substr(begin + 2, end - begin - 2), ',');
  std::ranges::for_each(choices, [](std::string& choice) { CLI::detail::trim(choice); });
  return choices;
}

FlagInfo infoOf(const CLI::Option& option) {
  FlagInfo info;
  for (const std::string& name : option.get_snames()) info.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) info.names.push_back("--" + name);
  if (option.get_positional()) info.names.clear();
  if (option.get_type_size() != 0) info.value = valueNameOf(option);
  info.choices = choicesOf(option);
  info.description = descriptionOf(option);
  info.group = option.get_group();
  info.repeats = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  return info;
}

}  // namespace

std::string valueNameOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

std::string descriptionOf(const CLI::Option& option) {
  std::string text = option.get_description();
  if (option.get_default_str().empty()) return text;
  const size_t end = std::min(text.find('\n'), text.size());
  return text.insert(end, fmt::format(" (default: {})", option.get_default_str()));
}

std::vector<std::string> groupsOf(const CLI::App& app) {
  std::vector<std::string> groups = app.get_groups();
  std::rotate(groups.begin(), groups.begin() + 1, groups.end());
  return groups;
}

std::vector<FlagInfo> flagsOf(const CLI::App& app) {
  std::vector<FlagInfo> flags;
  for (const std::string& group : groupsOf(app)) {
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_group() == group) flags.push_back(infoOf(*option));
    }
  }
  return flags;
}

}  // namespace quant
