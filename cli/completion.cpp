#include "completion.h"

#include <fmt/format.h>

#include <algorithm>

#include "flag_list.h"

namespace quant {

namespace {

/// The command that a word on the line chooses; "" is `quantize MODEL`.
struct Command {
  std::string name, summary;
  std::vector<FlagInfo> flags;
};

std::vector<Command> commandsOf(const CLI::App& app) {
  std::vector<Command> commands = {{"", app.get_description(), flagsOf(app)}};
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back({sub->get_name(), sub->get_description(), flagsOf(*sub)});
  }
  return commands;
}

std::vector<std::string> namesOf(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    if (!command.name.empty()) names.push_back(command.name);
  }
  return names;
}

std::string firstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

/// `text` with a backslash before each character of `special`.
std::string escaped(const std::string& text, std::string_view special) {
  std::string result;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

/// In single quotes for zsh, where a quote ends and starts them again.
std::string zshText(const std::string& text) {
  std::string result;
  for (const char c : escaped(text, "[]:\\")) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result;
}

bool isFile(const FlagInfo& flag) {
  return flag.value.starts_with("FILE") || flag.value.starts_with("MODEL") || flag.value == "DIR";
}

// --- bash -----------------------------------------------------------------------------------------------------------

/// What compgen offers for the value of a flag.
std::string bashWords(const FlagInfo& flag) {
  if (!flag.choices.empty()) return fmt::format("-W '{}'", fmt::join(flag.choices, " "));
  if (!isFile(flag)) return "-W ''";
  return flag.value == "DIR" ? "-d" : "-f";
}

std::string bashValues(const Command& command) {
  std::string cases;
  for (const FlagInfo& flag : command.flags) {
    if (flag.names.empty() || flag.value.empty()) continue;
    cases += fmt::format("    '{}:{}') _quantize_offer {} ; return ;;\n", command.name,
                         fmt::join(flag.names, fmt::format("' | '{}:", command.name)), bashWords(flag));
  }
  return cases;
}

/// The flags of a command, and the words it takes in place of files.
std::string bashFlags(const Command& command) {
  std::vector<std::string> names, words;
  for (const FlagInfo& flag : command.flags) {
    names.insert(names.end(), flag.names.begin(), flag.names.end());
    if (flag.names.empty()) words.insert(words.end(), flag.choices.begin(), flag.choices.end());
  }
  return fmt::format("    '{}') flags='{}' words='{}' ;;\n", command.name, fmt::join(names, " "),
                     fmt::join(words, " "));
}

// bash hands "--flag=value" over as three words.
constexpr const char* kBashScript =
    R"(# bash completion for quantize: source it, or put it into /usr/share/bash-completion/completions/quantize
_quantize_offer() {{ mapfile -t COMPREPLY < <(compgen "$@" -- "$current"); }}
_quantize() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} command='' flags='' words=''
  [[ $previous == '=' ]] && previous=${{COMP_WORDS[COMP_CWORD - 2]}}
  [[ $current == '=' ]] && current=''
  case ${{COMP_WORDS[1]}} in
    {0}) ((COMP_CWORD > 1)) && command=${{COMP_WORDS[1]}} ;;
  esac
  case "$command:$previous" in
{1}  esac
  case $command in
{2}  esac
  if [[ $current == -* ]]; then
    _quantize_offer -W "$flags"
  elif [[ -n $words ]]; then
    _quantize_offer -W "$words"
  elif ((COMP_CWORD == 1)); then
    _quantize_offer -f -W '{3}'
  else
    _quantize_offer -f
  fi
}}
complete -o filenames -F _quantize quantize
)";

std::string bashScript(const std::vector<Command>& commands) {
  std::string values, flags;
  for (const Command& command : commands) {
    values += bashValues(command);
    flags += bashFlags(command);
  }
  const std::vector<std::string> names = namesOf(commands);
  return fmt::format(kBashScript, fmt::join(names, " | "), values, flags, fmt::join(names, " "));
}

// --- zsh ------------------------------------------------------------------------------------------------------------

std::string zshAction(const FlagInfo& flag) {
  if (!flag.choices.empty()) return fmt::format("({})", fmt::join(flag.choices, " "));
  return isFile(flag) ? flag.value == "DIR" ? "_files -/" : "_files" : " ";
}

std::string zshFlag(const FlagInfo& flag) {
  std::string text;
  if (flag.names.empty()) return fmt::format(" \\\n    '*:{}:{}'", zshText(flag.value), zshAction(flag));
  for (const std::string& name : flag.names) {
    text += fmt::format(" \\\n    '{}{}[{}]", flag.repeats ? "*" : "", name, zshText(firstLine(flag.description)));
    text += flag.value.empty() ? "'" : fmt::format(":{}:{}'", zshText(flag.value), zshAction(flag));
  }
  return text;
}

std::string zshArguments(const Command& command) {
  std::string text = "_arguments -s";
  for (const FlagInfo& flag : command.flags) text += zshFlag(flag);
  return text;
}

std::string zshScript(const std::vector<Command>& commands) {
  std::string functions, cases, described;
  for (const Command& command : commands) {
    functions += fmt::format("_quantize_{}() {{\n  {}\n}}\n\n", command.name, zshArguments(command));
    if (command.name.empty()) continue;
    cases += fmt::format("    {0}) shift words; ((CURRENT--)); _quantize_{0} ;;\n", command.name);
    described += fmt::format(" '{}:{}'", command.name, zshText(command.summary));
  }
  return fmt::format(R"(#compdef quantize
# zsh completion for quantize: put it into a folder of $fpath as _quantize
{}_quantize() {{
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    local -a commands=({})
    _describe command commands
    _files
    return
  fi
  case $words[2] in
{}    *) _quantize_ ;;
  esac
}}

_quantize "$@"
)",
                     functions, described, cases);
}

// --- fish -----------------------------------------------------------------------------------------------------------

std::string fishFlag(const std::string& condition, const FlagInfo& flag) {
  if (flag.names.empty() && flag.choices.empty()) return "";  // files, which fish offers anyway
  std::string text = fmt::format("complete -c quantize -n '{}'", condition);
  for (const std::string& name : flag.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!flag.choices.empty()) {
    text += fmt::format(" -x -a '{}'", fmt::join(flag.choices, " "));
  } else if (!flag.value.empty()) {
    text += isFile(flag) ? " -r -F" : " -x";
  }
  return text + fmt::format(" -d '{}'\n", escaped(firstLine(flag.description), "'\\"));
}

std::string fishScript(const std::vector<Command>& commands) {
  const std::string names = fmt::format("{}", fmt::join(namesOf(commands), " "));
  std::string text = "# fish completion for quantize: put it into ~/.config/fish/completions/quantize.fish\n";
  for (const Command& command : commands) {
    const std::string condition = command.name.empty() ? "not __fish_seen_subcommand_from " + names
                                                       : "__fish_seen_subcommand_from " + command.name;
    if (!command.name.empty()) {
      text += fmt::format("complete -c quantize -n 'test (count (commandline -opc)) -eq 1' -a {} -d '{}'\n",
                          command.name, escaped(command.summary, "'\\"));
    }
    for (const FlagInfo& flag : command.flags) text += fishFlag(condition, flag);
  }
  return text;
}

}  // namespace

std::string completionScript(const CLI::App& app, std::string_view shell) {
  const std::vector<Command> commands = commandsOf(app);
  if (shell == "zsh") return zshScript(commands);
  return shell == "fish" ? fishScript(commands) : bashScript(commands);
}

}  // namespace quant
