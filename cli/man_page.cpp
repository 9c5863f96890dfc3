#include "man_page.h"

#include <fmt/format.h>

#include <sstream>

#include "flag_list.h"

namespace quant {

namespace {

/// Text in which man finds none of its own signs.
std::string manText(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      if ((c == '.' || c == '\'') && (result.empty() || result.back() == '\n')) result += "\\&";
      result += c;
    }
  }
  return result;
}

std::string flagText(const FlagInfo& flag) {
  std::string text = ".TP\n";
  std::string separator;
  for (const std::string& name : flag.names) {
    text += separator + "\\fB" + manText(name) + "\\fR";
    separator = ", ";
  }
  if (!flag.value.empty()) text += fmt::format("{}\\fI{}\\fR", flag.names.empty() ? "" : " ", manText(flag.value));
  std::istringstream lines(flag.description);
  std::string break_before = "\n";
  for (std::string line; std::getline(lines, line);) {
    text += break_before + manText(line);
    break_before = "\n.br\n";
  }
  return text + "\n";
}

/// The flags of one command under the headings of --help.
std::string flagsText(const CLI::App& app, std::string_view heading) {
  std::string text, group;
  for (const FlagInfo& flag : flagsOf(app)) {
    if (flag.group != group) text += fmt::format("{} \"{}\"\n", heading, manText(flag.group));
    group = flag.group;
    text += flagText(flag);
  }
  return text;
}

/// "MODEL... " for the synopsis.
std::string operandsText(const CLI::App& app) {
  std::string text;
  for (const FlagInfo& flag : flagsOf(app)) {
    if (flag.names.empty()) text += fmt::format("\\fI{}\\fR ", manText(flag.value));
  }
  return text;
}

std::string verbatim(const std::string& text) { return ".nf\n" + manText(text) + "\n.fi\n"; }

}  // namespace

std::string manPage(const CLI::App& app, const std::string& version) {
  std::string text = fmt::format(".TH QUANTIZE 1 \"\" \"quantize {}\" \"User Commands\"\n", manText(version));
  text += fmt::format(".SH NAME\nquantize \\- {}\n", manText(app.get_description()));
  text += ".SH SYNOPSIS\n\\fBquantize\\fR \\fIMODEL\\fR [\\fIFLAGS\\fR]\n";
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : commands) {
    text += fmt::format(".br\n\\fBquantize {}\\fR {}[\\fIFLAGS\\fR]\n", manText(command->get_name()),
                        operandsText(*command));
  }
  text += ".SH FLAGS\nOf \\fBquantize\\fR \\fIMODEL\\fR.\n" + flagsText(app, ".SS");
  for (const CLI::App* command : commands) {
    text +=
        fmt::format(".SH \"quantize {}\"\n{}.\n", manText(command->get_name()), manText(command->get_description()));
    text += flagsText(*command, ".SS");
    if (!command->get_footer().empty()) text += ".PP\n" + verbatim(command->get_footer());
  }
  return text + ".SH EXAMPLES\n" + verbatim(app.get_footer());
}

}  // namespace quant
