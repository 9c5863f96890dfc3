#include "help.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "flag_list.h"

namespace quant {

namespace {

constexpr size_t kIndent = 2;
constexpr size_t kColumn = 28;  // where descriptions start
constexpr size_t kWidth = 100;  // of a line

/// "-o, --output FILE"
std::string titleOf(const CLI::Option& option, bool is_positional) {
  if (is_positional) return valueNameOf(option);
  std::string title = CLI::detail::find_and_replace(option.get_name(false, true), ",", ", ");
  if (option.get_type_size() != 0) title += " " + valueNameOf(option);
  return title;
}

/// The words of `text` in lines that are not longer than `width`; what continues a line is moved in by two.
std::vector<std::string> wrap(const std::string& text, size_t width) {
  std::istringstream words(text);
  std::vector<std::string> lines(1);
  for (std::string word; words >> word;) {
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back(" ");
    lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  return lines;
}

}  // namespace

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  std::string text = std::string(kIndent, ' ') + titleOf(*option, is_positional);
  // A title that reaches into the column gets a line of its own.
  if (text.size() + 2 > kColumn) text += '\n' + std::string(kColumn, ' ');
  const size_t line_start = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  text.resize(std::max(text.size(), line_start + kColumn), ' ');

  std::istringstream paragraphs(descriptionOf(*option));
  std::string separator;
  for (std::string paragraph; std::getline(paragraphs, paragraph);) {
    for (const std::string& line : wrap(paragraph, kWidth - kColumn)) {
      text += separator + line;
      separator = '\n' + std::string(kColumn, ' ');
    }
  }
  return text + '\n';
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  std::string text = fmt::format("{}\n\nUsage: {}\n", app->get_description(), usage_);
  for (const std::string& group : groupsOf(*app)) {
    text += fmt::format("\n{}:\n", group);
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_group() == group) text += make_option(option, option->get_positional());
    }
  }
  return text + '\n' + make_footer(app);
}

}  // namespace quant
